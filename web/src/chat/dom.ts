// Builds elements. Text goes in as text nodes only.

type Attributes = Record<string, string | boolean | undefined>;

/** Makes an element with attributes (false and undefined ones are left out) and children. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A button that does something. */
export function button(testId: string, label: string, look: string, act: () => void): HTMLButtonElement {
  const element = el("button", { type: "button", class: look, "data-testid": testId }, label);
  element.addEventListener("click", act);
  return element;
}

/** A labelled field. */
export function field(label: string, control: HTMLElement): HTMLLabelElement {
  return el("label", { class: "field" }, el("span", {}, label), control);
}

/** A choice of values. */
export function select(testId: string, options: { value: string; label: string }[], chosen: string): HTMLSelectElement {
  const element = el("select", { "data-testid": testId });
  element.append(...options.map(({ value, label }) => el("option", { value }, label)));
  element.value = options.some(({ value }) => value === chosen) ? chosen : (options[0]?.value ?? "");
  return element;
}
