// Roles: sets of permissions, chosen from the catalogue.
import { Checkbox, Fieldset, Group, Loader, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { faultOf } from "../../rpc/faults";
import { useAdmin } from "../context";
import { RemoveButton } from "../kit/languages";
import {
  coveredByOther,
  EVERY_PERMISSION,
  found,
  has,
  treeOf,
  unusual,
  withoutPermission,
  withPermission,
  type DomainNode,
  type EntityNode,
} from "../kit/permission-tree";
import { partName, permissionText } from "../kit/permission-words";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";

/** The roles. */
export function RoleList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="roles"
      titleKey="section.roles"
      resource={resources.roles}
      columns={[
        { key: "field.description", cell: ({ description }) => <span className="guest">{description}</span>, isExtra: true },
        { key: "field.permissions", cell: ({ permissions }) => words.number(permissions.length) },
      ]}
    />
  );
}

/** One role. */
export function RolePage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="roles"
      resource={resources.roles}
      id={id}
      form={(fields) => {
        const permissions = fields.value("permissions");
        return (
          <Stack gap="sm">
            <TextInput {...fields.text("name")} required autoComplete="off" />
            <Textarea {...fields.text("description")} autosize minRows={2} />
            <Permissions {...permissions} />
          </Stack>
        );
      }}
    />
  );
}

interface PermissionsProps {
  label: string;
  value: string[];
  onChange(permissions: string[]): void;
  error: string | undefined;
  disabled: boolean;
}

function Permissions({ label, value, onChange, error, disabled }: PermissionsProps) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const [text, setText] = useState("");
  const catalogue = useQuery({
    queryKey: ["permissions"],
    queryFn: async () => (await clients.permissions.listPermissions({})).permissions.map(({ permission }) => permission),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const tree = useMemo(() => treeOf(catalogue.data ?? []), [catalogue.data]);
  const shown = useMemo(() => found(tree, text, (permission) => permissionText(permission, words)), [tree, text, words]);
  if (catalogue.isPending) return <Loader size="sm" aria-label={words.t("loading")} />;
  if (catalogue.isError) return <FaultAlert fault={faultOf(catalogue.error)} />;
  const toggle = (permission: string) => (isOn: boolean) =>
    onChange(isOn ? withPermission(value, permission) : withoutPermission(value, permission));
  return (
    <Fieldset legend={label} className="group" data-testid="field-permissions">
      <Stack gap="sm">
        {error && (
          <Text size="sm" c="red.9" role="alert" tabIndex={-1} data-invalid="true">
            {error}
          </Text>
        )}
        <TextInput
          type="search"
          label={words.t("permissions.search")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-testid="permission-search"
        />
        <Text size="sm" c="dimmed" role="status">
          {words.count("permissions.chosen", value.length)}
        </Text>
        <Choice label={words.t("permissions.everything")} permission={EVERY_PERMISSION} set={value} toggle={toggle} disabled={disabled} />
        {shown.map((node) => (
          <Domain key={node.domain} node={node} set={value} toggle={toggle} disabled={disabled} />
        ))}
        {shown.length === 0 && <Text>{words.t("list.nothingFits")}</Text>}
        <Unusual set={unusual(value, tree)} toggle={toggle} disabled={disabled} />
      </Stack>
    </Fieldset>
  );
}

type Toggle = (permission: string) => (isOn: boolean) => void;

interface ChoiceProps {
  label: string;
  permission: string;
  set: readonly string[];
  toggle: Toggle;
  disabled: boolean;
}

function Choice({ label, permission, set, toggle, disabled }: ChoiceProps) {
  const isCovered = coveredByOther(set, permission);
  return (
    <Checkbox
      size="sm"
      label={<span title={permission}>{label}</span>}
      checked={isCovered || has(set, permission)}
      disabled={disabled || isCovered}
      onChange={(event) => toggle(permission)(event.currentTarget.checked)}
      data-testid="permission"
      data-permission={permission}
    />
  );
}

interface NodeProps<Node> {
  node: Node;
  set: readonly string[];
  toggle: Toggle;
  disabled: boolean;
}

function Domain({ node, ...rest }: NodeProps<DomainNode>) {
  const words = useAdminWords();
  const name = partName("domain", node.domain, words);
  return (
    <section className="domain" aria-label={name}>
      <Group gap="md" mb="xs">
        <Title order={4} size="h5">
          {name}
        </Title>
        <Choice label={words.t("permissions.all", { of: name })} permission={`${node.domain}:*:*`} {...rest} />
      </Group>
      <div className="entities">
        {node.entities.map((entity) => (
          <Entity key={entity.path} node={entity} {...rest} />
        ))}
      </div>
    </section>
  );
}

function Entity({ node, ...rest }: NodeProps<EntityNode>) {
  const words = useAdminWords();
  const name = partName("entity", node.entity, words);
  return (
    <Fieldset legend={name} className="group" p="xs">
      <Stack gap={6}>
        <Choice label={words.t("permissions.all", { of: name })} permission={`${node.path}:*`} {...rest} />
        {node.permissions.map((permission) => (
          <Choice key={permission} label={partName("action", permission.split(":").at(-1) ?? "", words)} permission={permission} {...rest} />
        ))}
      </Stack>
    </Fieldset>
  );
}

function Unusual({ set, toggle, disabled }: { set: readonly string[]; toggle: Toggle; disabled: boolean }) {
  const words = useAdminWords();
  if (set.length === 0) return null;
  return (
    <Fieldset legend={words.t("permissions.others")} className="group">
      {set.map((permission) => (
        <Group key={permission} gap="xs">
          <Text className="code">{permission}</Text>
          {!disabled && (
            <RemoveButton
              label={words.t("permissions.remove", { permission })}
              remove={() => toggle(permission)(false)}
              testId="permission-remove"
            />
          )}
        </Group>
      ))}
    </Fieldset>
  );
}
