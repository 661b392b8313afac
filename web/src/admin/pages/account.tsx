// The caller's own account.
import "../admin.css";
import { Paper, Text, Title } from "@mantine/core";
import { useDesk } from "../../desk/desk-context";
import { AdminProvider, useAdmin } from "../context";
import { PageTitle } from "../kit/page-title";
import { useAdminWords } from "../words";
import { PasswordForm } from "./password";

/** Who one is, and one's password. */
export function AccountPage() {
  return (
    <AdminProvider>
      <Account />
    </AdminProvider>
  );
}

function Account() {
  const words = useAdminWords();
  const { me } = useDesk();
  const { clients } = useAdmin();
  return (
    <div className="admin-page account">
      <PageTitle title={words.t("account.title")} />
      <Text data-testid="account-name">{words.t("account.who", { name: me.name, email: me.email })}</Text>
      <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("account.password")}>
        <Title order={3} size="h4" mb="sm">
          {words.t("account.password")}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {words.t("account.passwordHint")}
        </Text>
        <PasswordForm
          currentLabel={words.t("account.current")}
          submit={({ current, password }) => clients.users.changePassword({ currentPassword: current, newPassword: password })}
          done={words.t("account.changed")}
        />
      </Paper>
    </div>
  );
}
