// How large files are, in the units that people count them in.

const KIB = 1024;

/** A size as `1.5 MB`, in the habits of a language. */
export function fileSize(bytes: number, locale: string): string {
  const [value, unit] = bytes < KIB ? [bytes, "byte"] : bytes < KIB * KIB ? [bytes / KIB, "kilobyte"] : [bytes / KIB / KIB, "megabyte"];
  // Short, English has no plural for bytes.
  const unitDisplay = unit === "byte" ? "long" : "short";
  const style = { style: "unit", unit, unitDisplay, maximumFractionDigits: value < 10 ? 1 : 0 } as const;
  return new Intl.NumberFormat(locale, style).format(value);
}
