// Alerting offers, to be accepted or declined before their time is over.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Kbd, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { useEffect, useEffectEvent, type ReactNode } from "react";
import type { Offer } from "../gen/onqueue/routing/v1/agent_pb";
import { faultOf } from "../rpc/faults";
import { useDesk, useMay, useNow, useSnapshot } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { useAction, type Action } from "./use-action";
import { useWords } from "./words";

type Answer = (offer: Offer) => void;

/** The offers, the first of them with keys. */
export function OfferList() {
  const words = useWords();
  const { offers } = useSnapshot();
  const action = useAction();
  const mayAccept = useMay("conversation:webchat:accept");
  const { accept, decline } = useAnswers(action);
  useAnswerKeys(offers[0], mayAccept ? accept : undefined, decline);
  return (
    <Stack component="section" gap="xs" aria-live="assertive" aria-label={words.t("offer.heading")}>
      {offers.map((offer, index) => (
        <OfferCard key={offer.offerId} offer={offer}>
          {mayAccept && (
            <Answers offer={offer} withKeys={index === 0} busy={action.busy} accept={accept} decline={decline} />
          )}
        </OfferCard>
      ))}
      <FaultAlert fault={action.fault} testId="offer-error" />
    </Stack>
  );
}

function useAnswers(action: Action): { accept: Answer; decline: Answer } {
  const { clients, store } = useDesk();
  const answer = (offer: Offer, call: () => Promise<void>) =>
    action.run(async () => {
      try {
        await call();
        store.dropOffer(offer.offerId);
      } catch (error) {
        // Refused for good: somebody else has it, or its time is over.
        if (faultOf(error).kind === "refused") store.dropOffer(offer.offerId);
        throw error;
      }
    });
  const { agents } = clients;
  return {
    accept: (offer) =>
      answer(offer, async () => {
        const { conversationId } = await agents.acceptOffer({ offerId: offer.offerId });
        store.select(conversationId);
      }),
    decline: (offer) => answer(offer, async () => void (await agents.declineOffer({ offerId: offer.offerId }))),
  };
}

function useAnswerKeys(offer: Offer | undefined, accept: Answer | undefined, decline: Answer): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !offer || !accept) return;
    const answer = event.code === "KeyA" ? accept : event.code === "KeyD" ? decline : undefined;
    if (!answer) return;
    event.preventDefault();
    answer(offer);
  });
  useEffect(() => {
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}

function OfferCard({ offer, children }: { offer: Offer; children: ReactNode }) {
  const words = useWords();
  const guest = offer.guestName || words.t("offer.unnamed");
  return (
    <Paper className="offer" withBorder p="sm" data-testid="offer" data-conversation={offer.conversationId}>
      <Stack gap="xs">
        <Title order={2} size="h5">
          {words.t("offer.title", { guest })}
        </Title>
        <OfferFacts offer={offer} />
        <Countdown offer={offer} />
        {children}
      </Stack>
    </Paper>
  );
}

function OfferFacts({ offer }: { offer: Offer }) {
  const words = useWords();
  const now = useNow();
  const facts = [
    [words.t("offer.queue"), offer.queueName],
    [words.t("offer.topic"), offer.topic],
    [words.t("offer.language"), offer.language && words.languageName(offer.language)],
    [words.t("offer.waiting"), offer.waitingSince && words.duration(now - timestampMs(offer.waitingSince))],
  ];
  return (
    <dl className="facts" aria-live="off">
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Countdown({ offer }: { offer: Offer }) {
  const words = useWords();
  const now = useNow();
  if (!offer.expiresAt || !offer.offeredAt) return null;
  const end = timestampMs(offer.expiresAt);
  const whole = Math.max(1, end - timestampMs(offer.offeredAt));
  const left = Math.max(0, end - now);
  const text = words.t("offer.countdown", { left: words.duration(left) });
  return (
    <div aria-live="off">
      <Text size="sm" fw={600} data-testid="offer-countdown">
        {text}
      </Text>
      <Progress value={(100 * left) / whole} color="orange.8" aria-label={text} />
    </div>
  );
}

interface AnswersProps {
  offer: Offer;
  withKeys: boolean;
  busy: boolean;
  accept: Answer;
  decline: Answer;
}

function Answers({ offer, withKeys, busy, accept, decline }: AnswersProps) {
  const words = useWords();
  const keys = (letter: string) => withKeys && <Kbd size="xs">{`Alt+${letter}`}</Kbd>;
  return (
    <Group grow gap="xs">
      <Button
        px="xs"
        loading={busy}
        onClick={() => accept(offer)}
        rightSection={keys("A")}
        aria-keyshortcuts={withKeys ? "Alt+A" : undefined}
        data-testid="offer-accept"
      >
        {words.t("offer.accept")}
      </Button>
      <Button
        px="xs"
        variant="default"
        disabled={busy}
        onClick={() => decline(offer)}
        rightSection={keys("D")}
        aria-keyshortcuts={withKeys ? "Alt+D" : undefined}
        data-testid="offer-decline"
      >
        {words.t("offer.decline")}
      </Button>
    </Group>
  );
}
