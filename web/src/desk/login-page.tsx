// Signing in.
import { Alert, Box, Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { FaultAlert } from "./fault-alert";
import { LanguageSwitch } from "./language-switch";
import type { Session, SessionKeeper } from "./session";
import { useAction } from "./use-action";
import { useWords } from "./words";

interface LoginProps {
  keeper: SessionKeeper;
  /** Whether an earlier session ended by itself. */
  ended: boolean;
  entered(session: Session): void;
}

/** The form to sign in with. */
export function LoginPage({ keeper, ended, entered }: LoginProps) {
  const words = useWords();
  const action = useAction();
  const [organisation, setOrganisation] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  useEffect(() => {
    document.title = words.t("desk.title");
  }, [words]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    action.run(async () => entered(await keeper.signIn(organisation.trim(), email.trim(), password)));
  };
  return (
    <Box component="main" className="login">
      <Paper component="form" onSubmit={submit} withBorder shadow="sm" radius="lg" p="xl" w="100%" maw={420}>
        <Stack>
          <Text fw={700} c="cyan.9" data-testid="login-product">
            {words.t("desk.title")}
          </Text>
          <Group justify="space-between">
            <Title order={1} size="h3">
              {words.t("login.heading")}
            </Title>
            <LanguageSwitch />
          </Group>
          {ended && !action.fault && <Alert color="yellow">{words.t("login.ended")}</Alert>}
          <TextInput
            data-testid="login-organisation"
            label={words.t("login.organisation")}
            autoComplete="organization"
            autoCapitalize="none"
            required
            value={organisation}
            onChange={(event) => setOrganisation(event.currentTarget.value)}
          />
          <TextInput
            data-testid="login-email"
            label={words.t("login.email")}
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            data-testid="login-password"
            label={words.t("login.password")}
            autoComplete="current-password"
            visibilityToggleButtonProps={{ "aria-label": words.t("login.showPassword"), tabIndex: 0 }}
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <FaultAlert fault={action.fault} testId="login-error" />
          <Button type="submit" loading={action.busy} data-testid="login-submit">
            {words.t("login.submit")}
          </Button>
        </Stack>
      </Paper>
    </Box>
  );
}
