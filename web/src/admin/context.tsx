// What the pages of the administration area work with.
import { createContext, useContext, useState, type ReactNode } from "react";
import { useDesk } from "../desk/desk-context";
import { holds } from "../core/permissions";
import { adminClients, type AdminClients } from "./clients";
import { apiClientResource, deploymentResource, divisionResource, roleResource, userResource } from "./resources/access";
import { contactFieldResource } from "./resources/contacts";
import { libraryResource, responseResource } from "./resources/content";
import { scheduleGroupResource, scheduleResource, wrapUpCodeResource } from "./resources/hours";
import { queueResource, skillResource } from "./resources/routing";
import { scriptResource } from "./resources/scripts";

/** The kinds of objects, with their rpcs. */
export interface Resources {
  users: ReturnType<typeof userResource>;
  roles: ReturnType<typeof roleResource>;
  divisions: ReturnType<typeof divisionResource>;
  apiClients: ReturnType<typeof apiClientResource>;
  deployments: ReturnType<typeof deploymentResource>;
  queues: ReturnType<typeof queueResource>;
  skills: ReturnType<typeof skillResource>;
  libraries: ReturnType<typeof libraryResource>;
  responses: ReturnType<typeof responseResource>;
  scripts: ReturnType<typeof scriptResource>;
  wrapUpCodes: ReturnType<typeof wrapUpCodeResource>;
  schedules: ReturnType<typeof scheduleResource>;
  scheduleGroups: ReturnType<typeof scheduleGroupResource>;
  contactFields: ReturnType<typeof contactFieldResource>;
}

/** The administration area. */
export interface Admin {
  clients: AdminClients;
  resources: Resources;
  /** Secrets of API clients made just now, until they were shown. */
  secrets: Map<string, string>;
}

const AdminContext = createContext<Admin | undefined>(undefined);

/** Gives its children the rpcs. */
export function AdminProvider({ children }: { children: ReactNode }) {
  const { transport, me } = useDesk();
  const [admin] = useState(() => openAdmin(adminClients(transport), holds(me.permissions, "routing:queue:search")));
  return <AdminContext value={admin}>{children}</AdminContext>;
}

/** The administration area. */
export function useAdmin(): Admin {
  const admin = useContext(AdminContext);
  if (!admin) throw new Error("there is no AdminProvider above");
  return admin;
}

/** Says whether the user holds a permission. */
export function useHolds(): (permission: string) => boolean {
  const { permissions } = useDesk().me;
  return (permission) => holds(permissions, permission);
}

function openAdmin(clients: AdminClients, maySearchQueues: boolean): Admin {
  const secrets = new Map<string, string>();
  return {
    clients,
    secrets,
    resources: {
      users: userResource(clients),
      roles: roleResource(clients),
      divisions: divisionResource(clients),
      apiClients: apiClientResource(clients, (id, secret) => secrets.set(id, secret)),
      deployments: deploymentResource(clients),
      queues: queueResource(clients, maySearchQueues),
      skills: skillResource(clients),
      libraries: libraryResource(clients),
      responses: responseResource(clients),
      scripts: scriptResource(clients),
      wrapUpCodes: wrapUpCodeResource(clients),
      schedules: scheduleResource(clients),
      scheduleGroups: scheduleGroupResource(clients),
      contactFields: contactFieldResource(clients),
    },
  };
}
