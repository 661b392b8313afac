// The pages from the beginning of a script to where it stands.
import type { ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { useWords } from "../words";
import { passedPages } from "./run";

/** The pages by their titles; nothing before the second. */
export function Trail({ run }: { run: ScriptRun }) {
  const words = useWords();
  const passed = passedPages(run);
  if (passed.length === 0) return null;
  const titles = [...passed.map(({ title, pageId }) => title || pageId), ...(run.page ? [run.page.title] : [])];
  return (
    <ol className="trail" aria-label={words.t("script.trail")} data-testid="script-trail">
      {titles.map((title, index) => (
        <li key={index} dir="auto" {...(run.page && index === titles.length - 1 ? { "aria-current": "step" as const } : {})}>
          {title}
        </li>
      ))}
    </ol>
  );
}
