// Which roles somebody holds, and where.
import { Group, Stack, Text } from "@mantine/core";
import { create } from "@bufbuild/protobuf";
import { GrantSchema, type Grant } from "../../gen/onqueue/auth/v1/grant_pb";
import { useAdmin, useHolds } from "../context";
import type { Rule } from "../kit/bounds";
import { AddButton, RemoveButton } from "../kit/languages";
import { Part } from "../kit/part";
import { PickOne } from "../kit/pickers";
import { useAdminWords } from "../words";

interface Grants {
  grants: Grant[];
  etag: string;
}

const MOST_GRANTS = 200;

/** Every grant names a role, and none is there twice. */
export const grantRule: Rule<readonly Grant[]> = (grants) => {
  if (grants.some(({ roleId }) => roleId === "")) return { key: "violation.grantRole" };
  const keys = new Set(grants.map(({ roleId, divisionId }) => `${roleId} ${divisionId}`));
  if (keys.size < grants.length) return { key: "violation.grantTwice" };
  return grants.length > MOST_GRANTS ? { key: "violation.many", values: { most: MOST_GRANTS } } : undefined;
};

/** The grants of a user or an API client. */
export function GrantsPart({ subjectId }: { subjectId: string }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  const plain = ({ grants, etag }: Grants): Grants => ({ grants, etag });
  return (
    <Part<Grants>
      name="grants"
      title={words.t("grants.title")}
      queryKey={["grants", subjectId]}
      fields={["grants"]}
      rules={{ grants: grantRule }}
      isReadOnly={!holds("authorization:grant:manage")}
      read={async () => plain(await clients.grants.getGrants({ subjectId }))}
      write={async ({ grants, etag }) => plain(await clients.grants.setGrants({ subjectId, grants, etag }))}
    >
      {(fields) => {
        const { value, onChange, error } = fields.value("grants");
        return <GrantRows grants={value} change={onChange} error={error} isReadOnly={fields.isReadOnly} />;
      }}
    </Part>
  );
}

interface RowsProps {
  grants: readonly Grant[];
  change(grants: Grant[]): void;
  error: string | undefined;
  isReadOnly: boolean;
}

function GrantRows({ grants, change, error, isReadOnly }: RowsProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const put = (at: number, part: Partial<Grant>) =>
    change(grants.map((grant, index) => (index === at ? { ...grant, ...part } : grant)));
  return (
    <Stack gap="sm">
      {grants.length === 0 && <Text c="dimmed">{words.t("grants.none")}</Text>}
      {grants.map((grant, index) => (
        <Group key={index} gap="xs" align="flex-end" className="row" data-testid="grant">
          <PickOne
            resource={resources.roles}
            label={words.t("kind.role")}
            value={grant.roleId}
            onChange={(roleId) => put(index, { roleId })}
            disabled={isReadOnly}
            data-testid="grant-role"
          />
          <PickOne
            resource={resources.divisions}
            label={words.t("kind.division")}
            none={words.t("grants.everywhere")}
            value={grant.divisionId}
            onChange={(divisionId) => put(index, { divisionId })}
            disabled={isReadOnly}
            data-testid="grant-division"
          />
          {!isReadOnly && (
            <RemoveButton
              label={words.t("grants.remove")}
              remove={() => change(grants.filter((_, other) => other !== index))}
              testId="grant-remove"
            />
          )}
        </Group>
      ))}
      {error && (
        <Text size="sm" c="red.9" role="alert">
          {error}
        </Text>
      )}
      {!isReadOnly && (
        <AddButton label={words.t("grants.add")} add={() => change([...grants, create(GrantSchema)])} testId="grant-add" />
      )}
    </Stack>
  );
}
