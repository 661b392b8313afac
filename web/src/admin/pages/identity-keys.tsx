// The keys with which a deployment's web site proves who its customers are.
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Button, Checkbox, Modal, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useAction } from "../../desk/use-action";
import type { Deployment, IdentityKey } from "../../gen/onqueue/auth/v1/deployment_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { CopyLine } from "../kit/copy-line";
import { useAdminWords } from "../words";

interface KeysProps {
  deployment: Deployment;
  changed(deployment: Deployment): void;
}

/** What is shown once. */
interface MadeKey {
  kid: string;
  privateKey: string;
}

/** The keys, and making another. */
export function IdentityKeysPart({ deployment, changed }: KeysProps) {
  const words = useAdminWords();
  const holds = useHolds();
  const [made, setMade] = useState<MadeKey>();
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("identity.title")} data-testid="part-identity">
      <Title order={3} size="h4" mb="sm">
        {words.t("identity.title")}
      </Title>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {words.t("identity.hint")}
        </Text>
        {deployment.identityKeys.length > 0 ? <Keys keys={deployment.identityKeys} /> : <Text size="sm">{words.t("identity.none")}</Text>}
        {holds("authorization:deployment:edit") && <Rotate deployment={deployment} changed={changed} show={setMade} />}
      </Stack>
      <MadeDialog made={made} close={() => setMade(undefined)} />
    </Paper>
  );
}

function Keys({ keys }: { keys: readonly IdentityKey[] }) {
  const words = useAdminWords();
  const time = (at: Timestamp | undefined) => (at ? words.dateTime(timestampMs(at)) : words.t("identity.noEnd"));
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{words.t("identity.kid")}</Table.Th>
          <Table.Th scope="col">{words.t("identity.since")}</Table.Th>
          <Table.Th scope="col">{words.t("identity.ends")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {keys.map(({ kid, createdAt, endsAt }) => (
          <Table.Tr key={kid} data-testid="identity-key" data-kid={kid}>
            <Table.Th scope="row">
              <code className="breaks">{kid}</code>
            </Table.Th>
            <Table.Td>{createdAt && time(createdAt)}</Table.Td>
            <Table.Td>{time(endsAt)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Rotate({ deployment, changed, show }: KeysProps & { show(made: MadeKey): void }) {
  const words = useAdminWords();
  const { clients, resources } = useAdmin();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const [endFormer, setEndFormer] = useState(false);
  const hasOne = deployment.identityKeys.length > 0;
  const rotate = async () => {
    const { deploymentId, etag } = deployment;
    try {
      const answer = await clients.deployments.rotateIdentityKey({ deploymentId, etag, endFormer: hasOne && endFormer });
      if (answer.deployment) changed(answer.deployment);
      close();
      show(answer);
    } catch (error) {
      if (faultOf(error).reason === "ETAG_MISMATCH") changed(await resources.deployments.get(deploymentId));
      throw error;
    }
  };
  return (
    <>
      <Button variant="default" className="add" onClick={open} data-testid="identity-rotate">
        {words.t("identity.rotate")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("identity.rotate")}
        question={words.t(hasOne ? "identity.rotateQuestion" : "identity.firstQuestion")}
        yes={words.t("identity.rotate")}
        action={action}
        close={close}
        confirmed={() => action.run(rotate)}
      >
        {hasOne && (
          <Checkbox
            label={words.t("identity.endFormer")}
            checked={endFormer}
            onChange={(event) => setEndFormer(event.currentTarget.checked)}
            data-testid="identity-end-former"
          />
        )}
      </AskDialog>
    </>
  );
}

function MadeDialog({ made, close }: { made: MadeKey | undefined; close(): void }) {
  const words = useAdminWords();
  return (
    <Modal
      opened={made !== undefined}
      onClose={close}
      title={words.t("identity.once")}
      closeButtonProps={{ "aria-label": words.t("close") }}
      closeOnClickOutside={false}
      size="lg"
      centered
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <Text>{words.t("identity.keep")}</Text>
        <CopyLine label={words.t("identity.kid")} text={made?.kid ?? ""} testId="identity-kid" />
        <CopyLine label={words.t("identity.privateKey")} text={made?.privateKey ?? ""} testId="identity-private-key" />
      </Stack>
      <Button mt="md" onClick={close} data-testid="identity-close">
        {words.t("secret.close")}
      </Button>
    </Modal>
  );
}
