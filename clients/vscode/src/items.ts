/** What stands in a tree, as plain data; `tree.ts` shows it. */

/** A place in a file, 0-based. */
export interface Place {
  uri: string;
  line: number;
}

export interface Item {
  /** Unique in its tree and the same after a refresh, so that what is open stays open. */
  id: string;
  label: string;
  description: string;
  /** What a screen reader says instead of label and description. */
  spoken: string;
  /** Plain text; empty for none. */
  tooltip: string;
  /** A codicon, and the theme colour it is drawn in. */
  icon: string;
  colour: string;
  /** For the `when` of menus. */
  context: string;
  /** Where a click goes: into a file, or (`link`) to a page of the web; neither for an item that only says something. */
  place: Place | null;
  link: string;
  /** What the commands of its menu are given. */
  value: string;
  /** An item with children is open at first, or not. */
  open: boolean;
  children: Item[];
}

export function item(given: Partial<Item> & Pick<Item, "id" | "label">): Item {
  const { label, description = "" } = given;
  return {
    description: "",
    spoken: description ? `${label}, ${description}` : label,
    tooltip: "",
    icon: "",
    colour: "",
    context: "",
    place: null,
    link: "",
    value: "",
    open: true,
    children: [],
    ...given,
  };
}

/** How each risk looks: a shape of its own, so that nobody has to see the colour. */
export const RISK_ICONS = {
  critical: { icon: "flame", colour: "list.errorForeground" },
  high: { icon: "warning", colour: "list.warningForeground" },
  medium: { icon: "info", colour: "notificationsInfoIcon.foreground" },
  low: { icon: "circle-outline", colour: "descriptionForeground" },
} as const;
