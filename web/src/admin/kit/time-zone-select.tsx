// A choice of time zones by their names.
import { Select } from "@mantine/core";
import { useAdminWords } from "../words";

interface TimeZoneSelectProps {
  label: string;
  value: string;
  onChange(zone: string): void;
  error: string | undefined;
  disabled: boolean;
  /** What choosing nothing means; without it something has to be chosen. */
  none?: string;
  "data-testid": string;
}

/** One of the zones that the browser knows. */
export function TimeZoneSelect({ value, onChange, none, ...input }: TimeZoneSelectProps) {
  const words = useAdminWords();
  const zones = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ...(value === "" ? [] : [value])])];
  return (
    <Select
      {...input}
      data={zones}
      searchable
      limit={50}
      clearable={none !== undefined && value !== ""}
      clearButtonProps={{ "aria-label": words.t("clear") }}
      placeholder={none ?? words.t("choose")}
      nothingFoundMessage={words.t("list.nothingFits")}
      value={value === "" ? null : value}
      onChange={(zone) => onChange(zone ?? "")}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}
