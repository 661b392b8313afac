// What is wrong with a document, each with its place.
import { Table, Text } from "@mantine/core";
import type { ScriptProblem } from "../../gen/onqueue/content/v1/script_pb";
import { problemKey } from "../../i18n/script-problems";
import { useAdminWords } from "../words";
import { PlaceText, type Place } from "./place-text";

interface TableProps {
  problems: readonly ScriptProblem[];
  /** Leads to the place in the text; absent where the text is not shown. */
  go?(place: Place): void;
}

/** The problems in the order of their places. */
export function ProblemTable({ problems, go }: TableProps) {
  const words = useAdminWords();
  return (
    <Table layout="fixed" className="problems" data-testid="script-problems">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col" className="problem-place">
            {words.t("script.place")}
          </Table.Th>
          <Table.Th scope="col">{words.t("script.problem")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {problems.map((problem, index) => (
          <Table.Tr key={index} data-testid="script-problem" data-code={problem.code} data-line={problem.line} data-column={problem.column}>
            <Table.Td>
              <PlaceText place={problem} {...(go ? { go } : {})} />
            </Table.Td>
            <Table.Td>
              <Text size="sm">{words.t(problemKey(problem.code))}</Text>
              {/* The service says exactly what, in English. */}
              <Text size="xs" c="dimmed" lang="en" className="guest">
                {problem.message}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
