/** The view of the working change: what is still asked, then every region that an assistant touched, by risk. */

import { type Item, item, RISK_ICONS } from "./items.ts";
import type { Change, ChangedFile, Obligation, Remark, Risk, Stretch } from "./protocol.ts";
import { lines, type Translate } from "./words.ts";

const RISKS: readonly Risk[] = ["critical", "high", "medium", "low"];

const ACTIONS: Readonly<Record<string, string>> = {
  "earmark.tagCommit": "tag",
  "earmark.requestReview": "review",
};

export function changeItems(change: Change, t: Translate): Item[] {
  return [...asked(change.obligations, t), ...RISKS.flatMap((risk) => ofRisk(risk, change, t))];
}

/** What is asked and not done. */
export function openObligations(change: Change): Obligation[] {
  return change.obligations.filter((obligation) => !obligation.met);
}

/** Beside the title of the view: "risk high, 60 of 100". */
export function changeSummary(change: Change, t: Translate): string {
  return change.level ? t("risk {0}, {1} of 100", riskWord(change.level, t), Math.round(change.score)) : "";
}

function asked(obligations: readonly Obligation[], t: Translate): Item[] {
  if (obligations.length === 0) return [];
  const open = obligations.filter((o) => !o.met).length;
  return [
    item({
      id: "asked",
      label: t("Asked of this change"),
      description: open ? t("{0} open", open) : t("all done"),
      icon: "checklist",
      children: [...obligations].sort((a, b) => Number(a.met) - Number(b.met)).map((o, n) => obligation(o, n, t)),
    }),
  ];
}

function obligation(asked: Obligation, n: number, t: Translate): Item {
  const said = asked.message.charAt(0).toUpperCase() + asked.message.slice(1);
  const where = asked.line ? asked.policy : t("by default");
  return item({
    id: `asked/${n}/${asked.code}`,
    label: said,
    description: asked.met ? t("done") : where,
    spoken: asked.met ? t("Done: {0}", said) : t("Open: {0}, {1}", said, where),
    tooltip: [said, asked.met ? "" : asked.fix, t("Asked by {0}", where), ...asked.paths].filter(Boolean).join("\n"),
    icon: asked.met ? "pass-filled" : "circle-large-outline",
    colour: asked.met ? "testing.iconPassed" : "",
    context: asked.met ? "" : `earmark.asked.${ACTIONS[asked.command] ?? "other"}`,
    place: asked.line ? { uri: asked.uri, line: asked.line - 1 } : null,
  });
}

function ofRisk(risk: Risk, change: Change, t: Translate): Item[] {
  const found = change.files.flatMap((file) =>
    file.regions.filter((stretch) => stretch.risk === risk).map((stretch) => region(file, stretch, t)),
  );
  if (found.length === 0) return [];
  return [
    item({
      id: `risk/${risk}`,
      label: { critical: t("Critical risk"), high: t("High risk"), medium: t("Medium risk"), low: t("Low risk") }[risk],
      description: found.length === 1 ? t("1 region") : t("{0} regions", found.length),
      ...RISK_ICONS[risk],
      open: risk !== "low",
      children: found,
    }),
  ];
}

function region(file: ChangedFile, stretch: Stretch, t: Translate): Item {
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  const author = `${stretch.tool || t("unknown")}:${stretch.model || "unknown"}`;
  const what = stretch.removed ? t("removed {0}", lines(t, stretch.removed)) : "";
  const review = file.review === "required" ? t("needs review") : "";
  const place = { uri: file.uri, line: Math.max(stretch.start - 1, 0) };
  const id = `${file.path}:${stretch.start}-${stretch.end}-${stretch.removed}-${stretch.session}`;
  const range = stretch.end > stretch.start ? `${stretch.start}–${stretch.end}` : `${stretch.start}`;
  const said = [what, author, review].filter(Boolean);
  return item({
    id,
    label: `${name}:${range}`,
    description: said.join(" · "),
    spoken: [t("{0}, line {1} to {2}", file.path, stretch.start, stretch.end), ...said].join(", "),
    tooltip: [`${file.path}:${range}`, ...said, ...stretch.findings.map((f) => f.message)].join("\n"),
    icon: stretch.removed ? "diff-removed" : "sparkle",
    context: "earmark.region",
    place,
    open: true,
    children: stretch.findings.map((finding) => remark(id, file, finding, t)),
  });
}

function remark(region: string, file: ChangedFile, finding: Remark, t: Translate): Item {
  return item({
    id: `${region}/${finding.rule}/${finding.line}/${finding.message}`,
    label: finding.message,
    description: `${finding.rule} · ${finding.line}`,
    spoken: t("{0} risk on line {1}: {2}", riskWord(finding.severity, t), finding.line, finding.message),
    tooltip: finding.message,
    ...RISK_ICONS[finding.severity],
    context: "earmark.finding",
    place: { uri: file.uri, line: finding.line - 1 },
    value: finding.rule,
  });
}

function riskWord(risk: Risk, t: Translate): string {
  return { critical: t("critical"), high: t("high"), medium: t("medium"), low: t("low") }[risk];
}
