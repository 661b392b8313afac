// What a saved response says when it is filled in.
import { Button, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import type { Fault } from "../../core/fault";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { Response } from "../../gen/onqueue/content/v1/response_pb";
import { useAdmin } from "../context";
import { LanguageSelect } from "../kit/languages";
import { namesUsed } from "../resources/response-rules";
import { useAdminWords } from "../words";

/** The preview of a response. */
export function PreviewPart({ response }: { response: Response }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const action = useAction();
  const [language, setLanguage] = useState(response.variants[0]?.language ?? "");
  const [values, setValues] = useState<Record<string, string>>({});
  const [text, setText] = useState("");
  const names = namesUsed(response.variants.map((variant) => variant.text));
  const render = () =>
    action.run(async () => {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
      const rendered = await clients.responses.renderResponse({ responseId: response.responseId, language, values: given });
      setText(rendered.text);
    });
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("preview.title")} data-testid="part-preview">
      <Title order={3} size="h4" mb="sm">
        {words.t("preview.title")}
      </Title>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {words.t("preview.hint")}
        </Text>
        <LanguageSelect label={words.t("field.language")} value={language} onChange={setLanguage} data-testid="preview-language" />
        {names.map((name) => (
          <TextInput
            key={name}
            label={name}
            value={values[name] ?? ""}
            onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
            error={missing(action.fault).includes(name) && words.t("preview.missing")}
            data-testid={`preview-${name}`}
          />
        ))}
        <Button variant="default" onClick={render} loading={action.busy} data-testid="preview-render" className="add">
          {words.t("preview.button")}
        </Button>
        <FaultAlert fault={action.fault} testId="preview-fault" />
        {!action.fault && text !== "" && (
          <Text component="output" className="rendered" dir="auto" data-testid="preview-text">
            {text}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

function missing(fault: Fault | undefined): string[] {
  return fault?.reason === "VARIABLE_MISSING" ? (fault.metadata["variables"] ?? "").split(",").map((name) => name.trim()) : [];
}
