// What an agent knows: skills and languages, each with a proficiency.
import { create } from "@bufbuild/protobuf";
import { Fieldset, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import {
  UserLanguageSchema,
  UserSkillSchema,
  UserSkillsSchema,
  type UserLanguage,
  type UserSkill,
  type UserSkills,
} from "../../gen/onqueue/routing/v1/skill_pb";
import { useAdmin, useHolds } from "../context";
import { all, items, type Rule } from "../kit/bounds";
import { AddButton, LanguageSelect, RemoveButton } from "../kit/languages";
import { NumberField } from "../kit/number-field";
import { Part } from "../kit/part";
import { PickOne } from "../kit/pickers";
import { useAdminWords } from "../words";

const USUAL_PROFICIENCY = 3;
const BEST = 5;

/** Every skill is chosen, once, with a proficiency of 0 to 5. */
export const skillsRule: Rule<readonly UserSkill[]> = (skills) => known(skills.map(({ skillId }) => skillId), skills);

/** The same for languages. */
export const languagesRule: Rule<readonly UserLanguage[]> = (spoken) => known(spoken.map(({ language }) => language), spoken);

function known(keys: readonly string[], knowledge: readonly { proficiency: number }[]) {
  if (keys.includes("")) return { key: "violation.choose" } as const;
  if (new Set(keys).size < keys.length) return { key: "violation.twice" } as const;
  const isBad = ({ proficiency }: { proficiency: number }) => !(proficiency >= 0 && proficiency <= BEST);
  return knowledge.some(isBad) ? ({ key: "violation.range", values: { least: 0, most: BEST } } as const) : undefined;
}

/** The skills and languages of a user. */
export function UserSkillsPart({ userId }: { userId: string }) {
  const words = useAdminWords();
  const { clients, resources } = useAdmin();
  const holds = useHolds();
  const of = (skills: UserSkills | undefined) => skills ?? create(UserSkillsSchema, { userId });
  return (
    <Part<UserSkills>
      name="skills"
      title={words.t("skills.title")}
      queryKey={["user-skills", userId]}
      fields={["skills", "languages"]}
      rules={{ skills: all(items(0, 200), skillsRule), languages: all(items(0, 50), languagesRule) }}
      isReadOnly={!holds("routing:userSkill:manage")}
      read={async () => of((await clients.skills.getUserSkills({ userId })).userSkills)}
      write={async (userSkills) => of((await clients.skills.setUserSkills({ userSkills: { ...userSkills, userId } })).userSkills)}
    >
      {(fields) => {
        const skills = fields.value("skills");
        const languages = fields.value("languages");
        return (
          <Stack gap="md">
            <Knowledge
              {...skills}
              name="skill"
              addLabel={words.t("skills.add")}
              blank={() => create(UserSkillSchema, { proficiency: USUAL_PROFICIENCY })}
              chooser={(skill, put) => (
                <PickOne
                  resource={resources.skills}
                  label={words.t("kind.skill")}
                  value={skill.skillId}
                  onChange={(skillId) => put({ skillId })}
                  disabled={skills.disabled}
                  data-testid="skill-name"
                />
              )}
            />
            <Knowledge
              {...languages}
              name="language"
              addLabel={words.t("skills.addLanguage")}
              blank={() => create(UserLanguageSchema, { proficiency: USUAL_PROFICIENCY })}
              chooser={(spoken, put) => (
                <LanguageSelect
                  label={words.t("field.language")}
                  value={spoken.language}
                  onChange={(language) => put({ language })}
                  disabled={languages.disabled}
                  data-testid="language-name"
                />
              )}
            />
          </Stack>
        );
      }}
    </Part>
  );
}

interface KnowledgeProps<T extends { proficiency: number }> {
  label: string;
  error: string | undefined;
  disabled: boolean;
  name: string;
  addLabel: string;
  value: T[];
  onChange(value: T[]): void;
  blank(): T;
  chooser(item: T, put: (part: Partial<T>) => void): ReactNode;
}

function Knowledge<T extends { proficiency: number }>(props: KnowledgeProps<T>) {
  const { label, error, disabled, name, addLabel, value, onChange, blank, chooser } = props;
  const words = useAdminWords();
  return (
    <Fieldset legend={label} className="group">
      <Stack gap="sm">
        {value.map((item, index) => {
          const put = (part: Partial<T>) => onChange(value.map((each, at) => (at === index ? { ...each, ...part } : each)));
          return (
            <Group key={index} gap="xs" align="flex-end" className="row" data-testid={`user-${name}`}>
              {chooser(item, put)}
              <NumberField
                className="small-number"
                label={words.t("skills.proficiency")}
                max={BEST}
                step={0.5}
                decimalScale={2}
                value={item.proficiency}
                disabled={disabled}
                onChange={(proficiency) => put({ proficiency } as Partial<T>)}
                data-testid={`${name}-proficiency`}
              />
              {!disabled && (
                <RemoveButton
                  label={words.t("remove")}
                  remove={() => onChange(value.filter((_, at) => at !== index))}
                  testId={`${name}-remove`}
                />
              )}
            </Group>
          );
        })}
        {error && (
          <Text size="sm" c="red.9" role="alert">
            {error}
          </Text>
        )}
        {!disabled && <AddButton label={addLabel} add={() => onChange([...value, blank()])} testId={`${name}-add`} />}
      </Stack>
    </Fieldset>
  );
}
