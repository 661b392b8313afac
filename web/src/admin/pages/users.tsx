// Users: the list, and one user with everything that belongs to them.
import { Badge, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useDesk } from "../../desk/desk-context";
import { UserState, type User } from "../../gen/onqueue/auth/v1/user_pb";
import { useAdmin, useHolds } from "../context";
import type { Describe } from "../kit/conflict-dialog";
import type { Fields } from "../kit/fields";
import { LanguageSelect } from "../kit/languages";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList, type Narrow } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import type { ListFilter } from "../kit/resource";
import { useAdminWords, type AdminWords } from "../words";
import { GrantsPart } from "./grants";
import type { UserForm } from "../resources/access";
import { NewPassword, PasswordPart } from "./password";
import { UserSkillsPart } from "./user-skills";
import { UserUtilizationPart } from "./utilization";

/** The users. */
export function UserList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="users"
      titleKey="section.users"
      resource={resources.users}
      filters={(filter, narrow) => <Filters filter={filter} narrow={narrow} />}
      columns={[
        { key: "field.email", cell: ({ email }) => <span className="guest">{email}</span>, isExtra: true },
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "field.state", cell: (user) => <StateBadge user={user} words={words} /> },
      ]}
    />
  );
}

function Filters({ filter, narrow }: { filter: ListFilter; narrow: Narrow }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <>
      <DivisionFilter filter={filter} narrow={narrow} resources={resources} />
      <NativeSelect
        label={words.t("field.state")}
        value={filter.state}
        onChange={(event) => narrow({ state: event.currentTarget.value })}
        data={[{ value: "", label: words.t("filter.all") }, ...stateOptions(words)]}
        data-testid="filter-state"
      />
    </>
  );
}

interface DivisionFilterProps {
  filter: ListFilter;
  narrow: Narrow;
  resources: ReturnType<typeof useAdmin>["resources"];
}

/** Narrows a list to one division. */
export function DivisionFilter({ filter, narrow, resources }: DivisionFilterProps) {
  const words = useAdminWords();
  const holds = useHolds();
  if (!holds(resources.divisions.needs.view)) return null;
  return (
    <PickOne
      resource={resources.divisions}
      label={words.t("field.divisionId")}
      none={words.t("filter.all")}
      value={filter.division}
      onChange={(division) => narrow({ division })}
      data-testid="filter-division"
    />
  );
}

function StateBadge({ user, words }: { user: User; words: AdminWords }) {
  const isActive = user.state === UserState.ACTIVE;
  return (
    <Badge color={isActive ? "green" : "gray"} variant="light" c="var(--mantine-color-text)" tt="none">
      {words.t(isActive ? "user.active" : "user.disabled")}
    </Badge>
  );
}

function stateOptions(words: AdminWords) {
  return [
    { value: String(UserState.ACTIVE), label: words.t("user.active") },
    { value: String(UserState.DISABLED), label: words.t("user.disabled") },
  ];
}

const describe: Describe<UserForm> = (field, { state }, words) => {
  if (field !== "state") return undefined;
  return words.t(state === UserState.DISABLED ? "user.disabled" : "user.active");
};

/** One user. */
export function UserPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  const holds = useHolds();
  const { me } = useDesk();
  const beside = (user: User) => (
    <>
      {holds("authorization:userPassword:manage") && user.userId !== me.userId && <PasswordPart user={user} />}
      {holds("authorization:grant:view") && <GrantsPart subjectId={user.userId} />}
      {holds("routing:skill:view") && <UserSkillsPart userId={user.userId} />}
      {holds("routing:utilization:view") && <UserUtilizationPart userId={user.userId} />}
    </>
  );
  return (
    <ResourcePage
      section="users"
      resource={resources.users}
      id={id}
      describe={describe}
      form={(fields, editor) => <Profile fields={fields} isNew={editor.isNew} />}
      beside={beside}
    />
  );
}

function Profile({ fields, isNew }: { fields: Fields<UserForm>; isNew: boolean }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const state = fields.value("state");
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} required autoComplete="off" />
      <TextInput {...fields.text("email")} type="email" required autoComplete="off" />
      <LanguageSelect {...fields.value("language")} none={words.t("language.organisation")} />
      <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
      <NativeSelect
        {...state}
        value={String(state.value)}
        onChange={(event) => state.onChange(Number(event.currentTarget.value))}
        data={stateOptions(words)}
        description={words.t("user.stateHint")}
      />
      {isNew && <NewPassword {...fields.value("password")} description={words.t("password.optional")} />}
    </Stack>
  );
}
