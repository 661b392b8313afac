// Said where an agent should be led by a script that there is not.
import { Alert } from "@mantine/core";
import { RunAbsence } from "../../gen/onqueue/content/v1/script_run_pb";
import type { DeskKey } from "../catalogues";
import { useWords } from "../words";

const SAID: Partial<Record<RunAbsence, DeskKey>> = {
  [RunAbsence.SCRIPT_GONE]: "script.gone",
  [RunAbsence.SCRIPT_UNPUBLISHED]: "script.unpublished",
};

/** Why there is no script although the queue names one. */
export function ScriptAbsence({ absence }: { absence: RunAbsence }) {
  const words = useWords();
  const said = SAID[absence];
  if (!said) return null;
  return (
    <Alert color="yellow" p="xs" role="status" data-testid="script-absence" data-absence={RunAbsence[absence]}>
      {words.t(said)}
    </Alert>
  );
}
