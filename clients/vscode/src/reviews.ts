/** The view of reviews: how this change stands with its reviewers, what waits for the user, what is on its way. */

import { type Item, item } from "./items.ts";
import type { ReviewedRegion, ReviewQueue, ReviewState } from "./protocol.ts";
import type { Translate } from "./words.ts";

const LOOKS: Readonly<Record<ReviewedRegion["state"], { icon: string; colour: string }>> = {
  pending: { icon: "circle-large-outline", colour: "" },
  approved: { icon: "pass-filled", colour: "testing.iconPassed" },
  changes: { icon: "request-changes", colour: "list.warningForeground" },
  stale: { icon: "history", colour: "list.warningForeground" },
};

/** `root` is the uri of the worktree's top: paths are below it. */
export function reviewItems(root: string, state: ReviewState | null, queue: ReviewQueue | null, t: Translate): Item[] {
  return [...ofChange(root, state, t), ...waiting(queue, t), ...outbox(queue, t)];
}

function ofChange(root: string, state: ReviewState | null, t: Translate): Item[] {
  if (!state || (!state.url && state.regions.length === 0)) return [];
  const approved = state.regions.filter((region) => region.state === "approved").length;
  return [
    item({
      id: "change",
      label: t("This change"),
      description: state.regions.length
        ? t("{0} of {1} regions approved", approved, state.regions.length)
        : t("waiting for {0}", state.waiting.join(", ")),
      tooltip: [state.url, asked(state.askedDaysAgo, t), state.note].filter(Boolean).join("\n"),
      icon: "git-pull-request",
      context: state.url ? "earmark.link" : "",
      link: state.regions.length ? "" : state.url,
      value: state.url,
      children: state.regions.map((region) => reviewed(root, region, t)),
    }),
  ];
}

function asked(days: number | null, t: Translate): string {
  if (days === null) return "";
  return days === 0 ? t("asked today") : days === 1 ? t("asked yesterday") : t("asked {0} days ago", days);
}

function reviewed(root: string, region: ReviewedRegion, t: Translate): Item {
  const [start, end] = region.lines;
  const name = region.path.slice(region.path.lastIndexOf("/") + 1);
  const place = start === 0 ? "" : start === end ? `:${start}` : `:${start}–${end}`;
  const state = {
    pending: t("waiting"),
    approved: t("approved"),
    changes: t("changes asked for"),
    stale: t("to be reviewed again"),
  }[region.state];
  const by = region.by.map((person) => person.name).join(", ");
  const said = by ? `${state} · ${by}` : state;
  return item({
    id: `change/${region.path}:${start}-${end}`,
    label: start === 0 ? t("{0}, what was removed", name) : `${name}${place}`,
    description: said,
    tooltip: [region.path, said, region.because].filter(Boolean).join("\n"),
    ...LOOKS[region.state],
    place: { uri: `${root}/${region.path.split("/").map(encodeURIComponent).join("/")}`, line: Math.max(start - 1, 0) },
  });
}

function waiting(queue: ReviewQueue | null, t: Translate): Item[] {
  if (!queue || queue.waiting.length === 0) return [];
  return [
    item({
      id: "waiting",
      label: t("Waiting for you"),
      description: `${queue.waiting.length}`,
      icon: "inbox",
      children: queue.waiting.map((request) =>
        item({
          id: `waiting/${request.url || request.number}`,
          label: request.title,
          description: `#${request.number}`,
          tooltip: request.url,
          icon: request.ours ? "sparkle" : "git-pull-request",
          context: "earmark.link",
          link: request.url,
          value: request.url,
        }),
      ),
    }),
  ];
}

function outbox(queue: ReviewQueue | null, t: Translate): Item[] {
  if (!queue || queue.outbox.length === 0) return [];
  return [
    item({
      id: "outbox",
      label: t("On its way"),
      description: `${queue.outbox.length}`,
      icon: "cloud-upload",
      children: queue.outbox.map((kept) =>
        item({
          id: `outbox/${kept.key}`,
          label: kept.title || kept.key,
          description: kept.said || kept.state,
          tooltip: [kept.title, kept.said, kept.url].filter(Boolean).join("\n"),
          icon: kept.said ? "warning" : "sync",
          context: "earmark.outbox",
          link: kept.url,
          value: kept.key,
        }),
      ),
    }),
  ];
}
