// Passwords: a user's, set by an administrator, and one's own.
import { Button, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState, type FormEvent, type ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { User } from "../../gen/onqueue/auth/v1/user_pb";
import { useAdmin } from "../context";
import { check, password as passwordRule, type Violation, type Violations } from "../kit/bounds";
import { violationsOf } from "../kit/violations";
import { useAdminWords } from "../words";

interface PasswordFieldProps {
  label: string;
  value: string | undefined;
  onChange(value: string): void;
  error?: string | undefined;
  description?: string;
  disabled?: boolean;
  "data-testid": string;
}

/** A password that somebody makes up. */
export function NewPassword({ value, onChange, ...input }: PasswordFieldProps) {
  const words = useAdminWords();
  return (
    <PasswordInput
      {...input}
      autoComplete="new-password"
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{ "aria-label": words.t("password.show"), tabIndex: 0 }}
    />
  );
}

/** Sets a user's password. */
export function PasswordPart({ user }: { user: User }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const set = ({ password }: Passwords) => clients.users.setPassword({ userId: user.userId, password });
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("password.title")} data-testid="part-password">
      <Title order={3} size="h4" mb="sm">
        {words.t("password.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {words.t(user.hasPassword ? "password.setHint" : "password.noneHint")}
      </Text>
      <PasswordForm submit={set} done={words.t("password.set")} />
    </Paper>
  );
}

interface Passwords {
  current: string;
  password: string;
  again: string;
}

const NOTHING: Passwords = { current: "", password: "", again: "" };

interface PasswordFormProps {
  submit(passwords: Passwords): Promise<unknown>;
  done: string;
  /** The current password, where it is asked for. */
  currentLabel?: string;
}

/** A new password, typed twice. */
export function PasswordForm({ submit, done, currentLabel }: PasswordFormProps) {
  const words = useAdminWords();
  const action = useAction();
  const [typed, setTyped] = useState(NOTHING);
  const [violations, setViolations] = useState<Violations>({});
  const [isDone, setDone] = useState(false);
  const put = (part: Partial<Passwords>) => {
    setTyped({ ...typed, ...part });
    setDone(false);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    const found = wrongWith(typed, currentLabel !== undefined);
    setViolations(found);
    if (Object.keys(found).length > 0) return;
    action.run(async () => {
      await submit(typed).catch((error: unknown) => {
        const { newPassword, ...others } = violationsOf(error, ["password", "newPassword"]);
        setViolations(newPassword ? { password: newPassword } : others);
        throw error;
      });
      setTyped(NOTHING);
      setDone(true);
    });
  };
  const textOf = (violation: Violation | undefined) => violation && words.t(violation.key, violation.values);
  return (
    <form onSubmit={send} noValidate data-testid="password-form">
      <Stack gap="sm" maw={420}>
        {currentLabel !== undefined && (
          <CurrentPassword label={currentLabel} value={typed.current} change={(current) => put({ current })} error={textOf(violations["current"])} />
        )}
        <NewPassword
          label={words.t("password.new")}
          description={words.t("password.hint")}
          value={typed.password}
          onChange={(password) => put({ password })}
          error={textOf(violations["password"])}
          data-testid="password-new"
        />
        <NewPassword
          label={words.t("password.again")}
          value={typed.again}
          onChange={(again) => put({ again })}
          error={textOf(violations["again"])}
          data-testid="password-again"
        />
        <FaultAlert fault={Object.keys(violations).length > 0 ? undefined : action.fault} testId="password-fault" />
        <Group>
          <Button type="submit" loading={action.busy} data-testid="password-save">
            {words.t("password.button")}
          </Button>
          <Text size="sm" role="status" data-testid="password-done">
            {isDone ? done : ""}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

interface CurrentProps {
  label: string;
  value: string;
  change(value: string): void;
  error: ReactNode;
}

function CurrentPassword({ label, value, change, error }: CurrentProps) {
  const words = useAdminWords();
  return (
    <PasswordInput
      label={label}
      autoComplete="current-password"
      value={value}
      error={error}
      onChange={(event) => change(event.currentTarget.value)}
      visibilityToggleButtonProps={{ "aria-label": words.t("password.show"), tabIndex: 0 }}
      data-testid="password-current"
    />
  );
}

function wrongWith(typed: Passwords, needsCurrent: boolean): Violations {
  const isEmpty = (value: string): Violation | undefined => (value === "" ? { key: "violation.empty" } : undefined);
  return check(typed, {
    current: (value) => (needsCurrent ? isEmpty(value) : undefined),
    password: passwordRule,
    again: (value) => (value === typed.password ? undefined : { key: "violation.again" }),
  });
}
