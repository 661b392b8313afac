// What the finder shows above the text box.
import { Group, Kbd, Text } from "@mantine/core";
import type { FoundResponse } from "../../gen/onqueue/content/v1/response_pb";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { FilledPreview } from "./filled-preview";
import { MissingValues } from "./missing-values";
import { isOtherLanguage } from "./other-language";
import type { Finder } from "./use-finder";

/** The id of the list, for the text box. */
export const FOUND_LIST = "found-responses";

/** The id of one that was found. */
export function foundId(index: number): string {
  return `found-response-${index}`;
}

interface FinderPanelProps {
  finder: Finder;
  conversationId: string;
  /** The conversation's; empty where it is not known. */
  language: string;
}

/** The responses that fit, and the form for what is missing in one. */
export function FinderPanel({ finder, conversationId, language }: FinderPanelProps) {
  const words = useWords();
  const { isOpen, isSearching, found, active, fault, incomplete } = finder;
  return (
    <>
      {isOpen && (
        <div className="finder" data-testid="finder" data-state={isSearching ? "searching" : "found"}>
          <div role="listbox" id={FOUND_LIST} aria-label={words.t("finder.label")}>
            {found.map((each, index) => (
              <Found
                key={each.response?.responseId}
                found={each}
                index={index}
                isActive={index === active}
                conversationId={conversationId}
                wanted={language}
                choose={finder.choose}
              />
            ))}
          </div>
          <Group justify="space-between" gap="xs" px="sm" py={4}>
            <Text size="xs" c="dimmed" role="status" data-testid="finder-status">
              {isSearching ? words.t("finder.searching") : words.count("finder.found", found.length)}
            </Text>
            <Group gap={4} aria-hidden="true" className="wide-keys">
              <Kbd size="xs">↑↓</Kbd>
              <Kbd size="xs">↵</Kbd>
              <Kbd size="xs">Esc</Kbd>
            </Group>
          </Group>
          <FaultAlert fault={fault} testId="finder-fault" />
        </div>
      )}
      {incomplete && (
        <MissingValues
          key={incomplete.names.join()}
          name={incomplete.found.response?.name ?? ""}
          names={incomplete.names}
          substitutions={incomplete.found.response?.substitutions ?? []}
          fault={fault}
          isRendering={finder.isRendering}
          complete={finder.complete}
          giveUp={finder.giveUp}
        />
      )}
    </>
  );
}

interface FoundProps {
  found: FoundResponse;
  index: number;
  isActive: boolean;
  conversationId: string;
  /** The language of the conversation. */
  wanted: string;
  choose(index: number): void;
}

function Found({ found, index, isActive, conversationId, wanted, choose }: FoundProps) {
  const words = useWords();
  const { response, preview, language } = found;
  return (
    <div
      role="option"
      id={foundId(index)}
      aria-selected={isActive}
      className="found"
      // The text box keeps the focus.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => choose(index)}
      data-testid="found-response"
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} truncate>
          {response?.name}
        </Text>
        <Group gap="xs" wrap="nowrap" className="no-shrink">
          {isOtherLanguage(language, wanted) && (
            <Text size="xs" fw={600} data-testid="found-language">
              {words.languageName(language)}
            </Text>
          )}
          {response && response.uses > 0n && (
            <Text size="xs" className="found-preview" data-testid="found-uses">
              {words.count("finder.uses", Number(response.uses))}
            </Text>
          )}
          {response?.shortcut && <Text size="xs">{`/${response.shortcut}`}</Text>}
        </Group>
      </Group>
      {isActive ? (
        <FilledPreview conversationId={conversationId} found={found} />
      ) : (
        <Text size="xs" truncate lang={language} className="found-preview">
          {preview}
        </Text>
      )}
    </div>
  );
}
