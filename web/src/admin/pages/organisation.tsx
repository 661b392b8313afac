// The organisation itself.
import { Stack, Text, TextInput } from "@mantine/core";
import type { Organisation } from "../../gen/onqueue/auth/v1/organisation_pb";
import { useAdmin, useHolds } from "../context";
import { characters, chosen, languageTag } from "../kit/bounds";
import { maskOf } from "../kit/draft";
import { LanguageSelect } from "../kit/languages";
import { PageTitle } from "../kit/page-title";
import { Part } from "../kit/part";
import { present } from "../kit/resource";
import { TimeZoneSelect } from "../kit/time-zone-select";
import { useAdminWords } from "../words";

/** The organisation's name, language and time zone. */
export function OrganisationPage() {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  return (
    <>
      <PageTitle title={words.t("section.organisation")} />
      <Part<Organisation>
        name="organisation"
        title={words.t("organisation.settings")}
        queryKey={["organisation"]}
        fields={["name", "language", "timeZone"]}
        rules={{ name: characters(1, 100), language: languageTag, timeZone: chosen }}
        isReadOnly={!holds("authorization:organisation:edit")}
        read={async () => present((await clients.organisation.getOrganisation({})).organisation)}
        write={async (organisation, changed) =>
          present(
            (await clients.organisation.updateOrganisation({ organisation, updateMask: { paths: maskOf(changed) } })).organisation,
          )
        }
      >
        {(fields, editor) => (
          <Stack gap="sm">
            <Text data-testid="organisation-slug">{words.t("organisation.slug", { slug: editor.value.slug })}</Text>
            <TextInput {...fields.text("name")} required autoComplete="off" />
            <LanguageSelect {...fields.value("language")} />
            <TimeZoneSelect {...fields.value("timeZone")} />
          </Stack>
        )}
      </Part>
    </>
  );
}
