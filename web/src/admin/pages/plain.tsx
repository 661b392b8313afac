// Divisions, skills and libraries: a name, a description, and little else.
import { Stack, Textarea, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Division } from "../../gen/onqueue/auth/v1/division_pb";
import type { Skill } from "../../gen/onqueue/routing/v1/skill_pb";
import { useAdmin } from "../context";
import type { Fields } from "../kit/fields";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList, type Column } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";

const DESCRIPTION = {
  key: "field.description",
  cell: ({ description }: { description: string }) => <span className="guest">{description}</span>,
} as const;

type Named = { name: string; description: string };

function NameAndDescription<T extends Named>({ fields }: { fields: Fields<T> }) {
  const { text } = fields as unknown as Fields<Named>;
  return (
    <>
      <TextInput {...text("name")} required autoComplete="off" />
      <Textarea {...text("description")} autosize minRows={2} />
    </>
  );
}

/** The divisions. */
export function DivisionList() {
  const { resources } = useAdmin();
  return <ResourceList section="divisions" titleKey="section.divisions" resource={resources.divisions} columns={[DESCRIPTION as Column<Division>]} />;
}

/** One division. */
export function DivisionPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="divisions"
      resource={resources.divisions}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <NameAndDescription fields={fields} />
        </Stack>
      )}
    />
  );
}

/** The skills. */
export function SkillList() {
  const { resources } = useAdmin();
  return <ResourceList section="skills" titleKey="section.skills" resource={resources.skills} columns={[DESCRIPTION as Column<Skill>]} />;
}

/** One skill. */
export function SkillPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="skills"
      resource={resources.skills}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <NameAndDescription fields={fields} />
        </Stack>
      )}
    />
  );
}

/** The libraries. */
export function LibraryList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="libraries"
      titleKey="section.libraries"
      resource={resources.libraries}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "section.responses", cell: ({ responses }) => words.number(responses) },
      ]}
    />
  );
}

/** One library. */
export function LibraryPage({ id }: { id: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="libraries"
      resource={resources.libraries}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <NameAndDescription fields={fields} />
          <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
        </Stack>
      )}
      beside={({ libraryId, responses }) => (
        <Link
          to="/administration/$section"
          params={{ section: "responses" }}
          search={{ library: libraryId }}
          className="beside-link"
          data-testid="library-responses"
        >
          {words.count("library.responses", responses)}
        </Link>
      )}
    />
  );
}
