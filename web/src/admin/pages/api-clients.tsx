// API clients: the list, and one client with its secret and grants.
import { Button, Modal, Paper, Stack, Switch, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useAction } from "../../desk/use-action";
import type { ApiClient } from "../../gen/onqueue/auth/v1/api_client_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { CopyLine } from "../kit/copy-line";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";
import { EnabledBadge } from "./deployments";
import { GrantsPart } from "./grants";

/** The API clients. */
export function ApiClientList() {
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="api-clients"
      titleKey="section.api-clients"
      resource={resources.apiClients}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "field.state", cell: ({ enabled }) => <EnabledBadge isEnabled={enabled} /> },
      ]}
    />
  );
}

/** One API client. */
export function ApiClientPage({ id }: { id: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const holds = useHolds();
  return (
    <ResourcePage
      section="api-clients"
      resource={resources.apiClients}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <TextInput {...fields.text("name")} required autoComplete="off" />
          <Textarea {...fields.text("description")} autosize minRows={2} />
          <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
          <Switch {...fields.flag("enabled")} description={words.t("apiClient.enabledHint")} />
        </Stack>
      )}
      beside={(client, adopt) => (
        <>
          <SecretPart client={client} changed={adopt} />
          {holds("authorization:grant:view") && <GrantsPart subjectId={client.clientId} />}
        </>
      )}
    />
  );
}

interface SecretProps {
  client: ApiClient;
  changed(client: ApiClient): void;
}

function SecretPart({ client, changed }: SecretProps) {
  const words = useAdminWords();
  const { secrets } = useAdmin();
  const holds = useHolds();
  const [secret, setSecret] = useState(() => secrets.get(client.clientId));
  const hide = () => {
    secrets.delete(client.clientId);
    setSecret(undefined);
  };
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("secret.title")} data-testid="part-secret">
      <Title order={3} size="h4" mb="sm">
        {words.t("secret.title")}
      </Title>
      <Stack gap="sm">
        <CopyLine label={words.t("secret.clientId")} text={client.clientId} testId="client-id" />
        <Text size="sm" c="dimmed">
          {words.t("secret.hint")}
        </Text>
        {holds("authorization:apiClient:edit") && <Rotate client={client} changed={changed} show={setSecret} />}
      </Stack>
      <SecretDialog secret={secret} close={hide} />
    </Paper>
  );
}

function Rotate({ client, changed, show }: SecretProps & { show(secret: string): void }) {
  const words = useAdminWords();
  const { clients, resources } = useAdmin();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const rotate = async () => {
    const { clientId, etag } = client;
    try {
      const { apiClient, secret } = await clients.apiClients.rotateApiClientSecret({ clientId, etag });
      if (apiClient) changed(apiClient);
      close();
      show(secret);
    } catch (error) {
      if (faultOf(error).reason === "ETAG_MISMATCH") changed(await resources.apiClients.get(clientId));
      throw error;
    }
  };
  return (
    <>
      <Button variant="default" className="add" onClick={open} data-testid="secret-rotate">
        {words.t("secret.rotate")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("secret.rotate")}
        question={words.t("secret.rotateQuestion", { name: client.name })}
        yes={words.t("secret.rotate")}
        action={action}
        close={close}
        confirmed={() => action.run(rotate)}
      />
    </>
  );
}

function SecretDialog({ secret, close }: { secret: string | undefined; close(): void }) {
  const words = useAdminWords();
  return (
    <Modal
      opened={secret !== undefined}
      onClose={close}
      title={words.t("secret.once")}
      closeButtonProps={{ "aria-label": words.t("close") }}
      closeOnClickOutside={false}
      centered
      transitionProps={{ duration: 0 }}
    >
      {secret === "" ? (
        <Text data-testid="secret-lost">{words.t("secret.lost")}</Text>
      ) : (
        <Stack>
          <Text>{words.t("secret.keep")}</Text>
          <CopyLine label={words.t("secret.title")} text={secret ?? ""} testId="secret" />
        </Stack>
      )}
      <Button mt="md" onClick={close} data-testid="secret-close">
        {words.t("secret.close")}
      </Button>
    </Modal>
  );
}
