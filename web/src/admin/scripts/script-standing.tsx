// Whether the script that a queue names can lead anybody.
import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { faultOf } from "../../rpc/faults";
import { useAdmin } from "../context";
import { useAdminWords } from "../words";

/** A warning if the script does not exist, or was never published. */
export function ScriptStanding({ scriptId }: { scriptId: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const read = useQuery({
    queryKey: ["script", "standing", scriptId],
    enabled: scriptId !== "",
    queryFn: () => resources.scripts.get(scriptId),
  });
  if (scriptId === "") return null;
  const isGone = read.error !== null && faultOf(read.error).reason === "NOT_FOUND";
  if (!isGone && read.data?.publishedVersion !== 0) return null;
  return (
    <Alert color="yellow" p="xs" role="status" data-testid="rules-script-standing" data-standing={isGone ? "gone" : "unpublished"}>
      {words.t(isGone ? "rules.scriptGone" : "rules.scriptUnpublished")}
    </Alert>
  );
}
