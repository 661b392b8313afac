// Agents who can have or could have had a conversation, best first, with what they compete in.
import { Badge, Table } from "@mantine/core";
import type { Candidate } from "../../gen/onqueue/routing/v1/decision_pb";
import type { DeskTranslator } from "../catalogues";
import { useWords } from "../words";

/** Routing counts idle time no further. */
const LONGEST_IDLE_MS = 7 * 24 * 3_600_000;
/** Proficiency is in hundredths. */
const WHOLE = 100;

interface CandidateTableProps {
  caption: string;
  candidates: readonly Candidate[];
  /** Empty if nobody was chosen. */
  chosenUserId: string;
}

/** The candidates; preference and proficiency only where they count. */
export function CandidateTable({ caption, candidates, chosenUserId }: CandidateTableProps) {
  const words = useWords();
  const withPreference = candidates.some(({ preference }) => preference !== undefined);
  const withProficiency = candidates.some(({ proficiency }) => proficiency > 0);
  return (
    <Table className="stacks" role="table" captionSide="top" withRowBorders>
      <Table.Caption>{caption}</Table.Caption>
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          <Heading text={words.t("decision.agent")} />
          {withPreference && <Heading text={words.t("decision.preference")} />}
          {withProficiency && <Heading text={words.t("decision.proficiency")} />}
          <Heading text={words.t("decision.idle")} />
          <Heading text={words.t("decision.active")} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {candidates.map(({ userId, name, preference, proficiency, idleMs, activeChats }) => (
          <Table.Tr role="row" key={userId} data-testid="candidate" data-user={userId}>
            <Table.Td role="cell">
              {name || userId} {userId === chosenUserId && <Badge tt="none">{words.t("decision.chosen")}</Badge>}
            </Table.Td>
            {withPreference && <Cell label={words.t("decision.preference")} text={words.number(preference ?? 0)} />}
            {withProficiency && <Cell label={words.t("decision.proficiency")} text={words.number(proficiency / WHOLE)} />}
            <Cell label={words.t("decision.idle")} text={idleText(idleMs, words)} />
            <Cell label={words.t("decision.active")} text={words.number(activeChats)} />
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Heading({ text }: { text: string }) {
  return (
    <Table.Th role="columnheader" scope="col">
      {text}
    </Table.Th>
  );
}

function Cell({ label, text }: { label: string; text: string }) {
  return (
    <Table.Td role="cell" data-label={label}>
      {text}
    </Table.Td>
  );
}

function idleText(idleMs: bigint, words: DeskTranslator): string {
  if (idleMs < LONGEST_IDLE_MS) return words.duration(Number(idleMs));
  return words.t("decision.idleMost", { most: words.duration(LONGEST_IDLE_MS) });
}
