// How much of each kind of work an agent takes at once: the organisation's rule, and agents who differ.
import { create } from "@bufbuild/protobuf";
import { MultiSelect, Paper, Stack, Switch, Text, Title } from "@mantine/core";
import {
  CapacitySchema,
  Medium,
  UtilizationSchema,
  type Capacity,
  type Utilization,
} from "../../gen/onqueue/routing/v1/utilization_pb";
import { useAdmin, useHolds } from "../context";
import type { Rule } from "../kit/bounds";
import type { Describe } from "../kit/conflict-dialog";
import { NumberField } from "../kit/number-field";
import { PageTitle } from "../kit/page-title";
import { Part } from "../kit/part";
import { present } from "../kit/resource";
import { useAdminWords, type AdminKey, type AdminWords } from "../words";

const MOST_AT_ONCE = 25;

const MEDIA = [Medium.CALL, Medium.CHAT, Medium.EMAIL, Medium.MESSAGE, Medium.CALLBACK] as const;

const MEDIUM_KEYS: Record<number, AdminKey> = {
  [Medium.CALL]: "medium.call",
  [Medium.CHAT]: "medium.chat",
  [Medium.EMAIL]: "medium.email",
  [Medium.MESSAGE]: "medium.message",
  [Medium.CALLBACK]: "medium.callback",
};

const USUAL: Record<number, number> = {
  [Medium.CALL]: 1,
  [Medium.CHAT]: 4,
  [Medium.EMAIL]: 1,
  [Medium.MESSAGE]: 4,
  [Medium.CALLBACK]: 1,
};

/** Every medium with its capacity, those that are not named with the usual one. */
export function fullCapacities(capacities: readonly Capacity[]): Capacity[] {
  return MEDIA.map(
    (medium) => capacities.find((each) => each.medium === medium) ?? create(CapacitySchema, { medium, maximum: USUAL[medium] ?? 0 }),
  );
}

const capacityRule: Rule<readonly Capacity[]> = (capacities) =>
  capacities.every(({ maximum }) => Number.isInteger(maximum) && maximum >= 0 && maximum <= MOST_AT_ONCE)
    ? undefined
    : { key: "violation.range", values: { least: 0, most: MOST_AT_ONCE } };

const describeCapacities = (capacities: readonly Capacity[], words: AdminWords) =>
  words.list(fullCapacities(capacities).map((capacity) => capacityText(capacity, words)));

function capacityText({ medium, maximum, interruptibleBy }: Capacity, words: AdminWords): string {
  const others = words.list(interruptibleBy.map((each) => mediumName(each, words)));
  const values = { medium: mediumName(medium, words), maximum: words.number(maximum), others };
  return words.t(interruptibleBy.length > 0 ? "utilization.saidWith" : "utilization.said", values);
}

const describe: Describe<Utilization> = (field, { capacities }, words) =>
  field === "capacities" ? describeCapacities(capacities, words) : undefined;

/** The organisation's utilization. */
export function UtilizationPage() {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  return (
    <>
      <PageTitle title={words.t("section.utilization")} />
      <Text>{words.t("utilization.explanation")}</Text>
      <Part<Utilization>
        name="utilization"
        title={words.t("utilization.organisation")}
        queryKey={["utilization"]}
        fields={["capacities"]}
        rules={{ capacities: capacityRule }}
        isReadOnly={!holds("routing:utilization:manage")}
        describe={describe}
        read={async () => shown((await clients.utilization.getUtilization({})).utilization)}
        write={async (utilization) => shown((await clients.utilization.updateUtilization({ utilization })).utilization)}
      >
        {(fields) => <Capacities {...fields.value("capacities")} />}
      </Part>
    </>
  );
}

interface OwnUtilization {
  own: boolean;
  capacities: Capacity[];
  etag: string;
}

/** A user's utilization. */
export function UserUtilizationPart({ userId }: { userId: string }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  const shownOwn = (answer: { own: boolean; utilization?: Utilization | undefined }): OwnUtilization => {
    const { capacities, etag } = shown(answer.utilization);
    return { own: answer.own, capacities, etag };
  };
  const write = async ({ own, capacities, etag }: OwnUtilization) => {
    const utilization = create(UtilizationSchema, { etag, capacities: own ? capacities : [] });
    return shownOwn(await clients.utilization.updateUserUtilization({ userId, utilization }));
  };
  return (
    <Part<OwnUtilization>
      name="user-utilization"
      title={words.t("section.utilization")}
      queryKey={["utilization", userId]}
      fields={["own", "capacities"]}
      rules={{ capacities: capacityRule }}
      isReadOnly={!holds("routing:utilization:manage")}
      describe={(field, { capacities }) => (field === "capacities" ? describeCapacities(capacities, words) : undefined)}
      read={async () => shownOwn(await clients.utilization.getUserUtilization({ userId }))}
      write={write}
    >
      {(fields, editor) => {
        const capacities = fields.value("capacities");
        return (
          <Stack gap="md">
            <Switch {...fields.flag("own")} />
            {editor.value.own ? <Capacities {...capacities} /> : <Text c="dimmed">{words.t("utilization.inherits")}</Text>}
          </Stack>
        );
      }}
    </Part>
  );
}

interface CapacitiesProps {
  value: Capacity[];
  onChange(capacities: Capacity[]): void;
  error: string | undefined;
  disabled: boolean;
}

function Capacities({ value, onChange, error, disabled }: CapacitiesProps) {
  const words = useAdminWords();
  const put = (medium: Medium, part: Partial<Capacity>) =>
    onChange(value.map((each) => (each.medium === medium ? { ...each, ...part } : each)));
  return (
    <div className="capacities">
      {value.map(({ medium, maximum, interruptibleBy }) => (
        <Paper key={medium} component="fieldset" withBorder p="sm" className="group" data-testid={`capacity-${medium}`}>
          <Title order={4} size="h6" component="legend">
            {mediumName(medium, words)}
          </Title>
          <NumberField
            label={words.t("utilization.maximum")}
            max={MOST_AT_ONCE}
            allowDecimal={false}
            value={maximum}
            disabled={disabled}
            onChange={(maximum) => put(medium, { maximum })}
            data-testid={`capacity-${medium}-maximum`}
          />
          <MultiSelect
            mt="xs"
            label={words.t("utilization.interruptibleBy")}
            placeholder={interruptibleBy.length === 0 ? words.t("utilization.nothing") : ""}
            data={MEDIA.filter((other) => other !== medium).map((other) => ({ value: String(other), label: mediumName(other, words) }))}
            value={interruptibleBy.map(String)}
            disabled={disabled}
            onChange={(media) => put(medium, { interruptibleBy: media.map(Number) })}
            comboboxProps={{ transitionProps: { duration: 0 } }}
            data-testid={`capacity-${medium}-interruptible`}
          />
        </Paper>
      ))}
      {error && (
        <Text size="sm" c="red.9" role="alert">
          {error}
        </Text>
      )}
    </div>
  );
}

function shown(utilization: Utilization | undefined): Utilization {
  const known = present(utilization);
  return { ...known, capacities: fullCapacities(known.capacities) };
}

function mediumName(medium: Medium, words: AdminWords): string {
  const key = MEDIUM_KEYS[medium];
  return key ? words.t(key) : words.t("value.none");
}
