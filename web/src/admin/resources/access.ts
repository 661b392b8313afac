// Users, roles, divisions, API clients and deployments.
import { create } from "@bufbuild/protobuf";
import { ApiClientSchema, type ApiClient } from "../../gen/onqueue/auth/v1/api_client_pb";
import { DeploymentSchema, type Deployment } from "../../gen/onqueue/auth/v1/deployment_pb";
import { DivisionSchema, type Division } from "../../gen/onqueue/auth/v1/division_pb";
import { RoleSchema, type Role } from "../../gen/onqueue/auth/v1/role_pb";
import { UserSchema, UserState, type User } from "../../gen/onqueue/auth/v1/user_pb";
import type { AdminClients } from "../clients";
import { all, characters, chosen, each, email, items, languageTag, origin, password } from "../kit/bounds";
import { needsOf, present, type Resource } from "../kit/resource";
import { deploymentQueues, greetings } from "./deployment-rules";

/** A user, and the password that a new one begins with. */
export type UserForm = User & { password?: string | undefined };

/** The people who work with the product. */
export function userResource({ users }: AdminClients): Resource<UserForm> {
  return {
    kind: "user",
    needs: needsOf("authorization:user"),
    fields: ["name", "email", "language", "divisionId", "state", "password"],
    rules: {
      name: characters(1, 100),
      email,
      language: languageTag,
      divisionId: chosen,
      password: (value) => (value ? password(value) : undefined),
    },
    blank: () => create(UserSchema, { state: UserState.ACTIVE }),
    id: ({ userId }) => userId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text, division, state }, place, options) => {
      const asked = { ...place, text, divisionId: division, state: Number(state) as UserState };
      const { users: found, nextPageToken } = await users.listUsers(asked, options);
      return { items: found, nextPageToken };
    },
    get: async (userId) => present((await users.getUser({ userId })).user),
    create: async (requestId, { password: first = "", ...user }) =>
      present((await users.createUser({ requestId, user, password: first })).user),
    update: async (user, paths) => present((await users.updateUser({ user, updateMask: { paths } })).user),
    remove: (userId, etag) => users.deleteUser({ userId, etag }),
  };
}

/** Sets of permissions. */
export function roleResource({ roles }: AdminClients): Resource<Role> {
  return {
    kind: "role",
    needs: needsOf("authorization:role"),
    fields: ["name", "description", "permissions"],
    rules: { name: characters(1, 100), description: characters(0, 1_000), permissions: items(1, 200) },
    blank: () => create(RoleSchema),
    id: ({ roleId }) => roleId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { roles: found, nextPageToken } = await roles.listRoles({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (roleId) => present((await roles.getRole({ roleId })).role),
    create: async (requestId, role) => present((await roles.createRole({ requestId, role })).role),
    update: async (role, paths) => present((await roles.updateRole({ role, updateMask: { paths } })).role),
    remove: (roleId, etag) => roles.deleteRole({ roleId, etag }),
  };
}

/** Parts of the organisation. */
export function divisionResource({ divisions }: AdminClients): Resource<Division> {
  return {
    kind: "division",
    needs: needsOf("authorization:division"),
    fields: ["name", "description"],
    rules: { name: characters(1, 100), description: characters(0, 1_000) },
    blank: () => create(DivisionSchema),
    id: ({ divisionId }) => divisionId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { divisions: found, nextPageToken } = await divisions.listDivisions({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (divisionId) => present((await divisions.getDivision({ divisionId })).division),
    create: async (requestId, division) => present((await divisions.createDivision({ requestId, division })).division),
    update: async (division, paths) =>
      present((await divisions.updateDivision({ division, updateMask: { paths } })).division),
    remove: (divisionId, etag) => divisions.deleteDivision({ divisionId, etag }),
  };
}

/** Other systems that may call; `showSecret` gets the secret of a new one, empty if the answer to making it was lost. */
export function apiClientResource(
  { apiClients }: AdminClients,
  showSecret: (clientId: string, secret: string) => void,
): Resource<ApiClient> {
  return {
    kind: "apiClient",
    needs: needsOf("authorization:apiClient"),
    fields: ["name", "description", "divisionId", "enabled"],
    rules: { name: characters(1, 100), description: characters(0, 1_000), divisionId: chosen },
    blank: () => create(ApiClientSchema, { enabled: true }),
    id: ({ clientId }) => clientId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { apiClients: found, nextPageToken } = await apiClients.listApiClients({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (clientId) => present((await apiClients.getApiClient({ clientId })).apiClient),
    create: async (requestId, given) => {
      const { apiClient, secret } = await apiClients.createApiClient({ requestId, apiClient: given });
      const made = present(apiClient);
      showSecret(made.clientId, secret);
      return made;
    },
    update: async (apiClient, paths) =>
      present((await apiClients.updateApiClient({ apiClient, updateMask: { paths } })).apiClient),
    remove: (clientId, etag) => apiClients.deleteApiClient({ clientId, etag }),
  };
}

/** Chat pages and the web sites that may show them. */
export function deploymentResource({ deployments }: AdminClients): Resource<Deployment> {
  return {
    kind: "deployment",
    needs: needsOf("authorization:deployment"),
    fields: ["name", "divisionId", "enabled", "origins", "queues", "greetings"],
    rules: {
      name: characters(1, 100),
      divisionId: chosen,
      origins: all(items(0, 50), each(origin)),
      queues: all(items(1, 50), deploymentQueues),
      greetings,
    },
    blank: () => create(DeploymentSchema, { enabled: true }),
    id: ({ deploymentId }) => deploymentId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text, division }, place, options) => {
      const asked = { ...place, text, divisionId: division };
      const { deployments: found, nextPageToken } = await deployments.listDeployments(asked, options);
      return { items: found, nextPageToken };
    },
    get: async (deploymentId) => present((await deployments.getDeployment({ deploymentId })).deployment),
    create: async (requestId, deployment) =>
      present((await deployments.createDeployment({ requestId, deployment })).deployment),
    update: async (deployment, paths) =>
      present((await deployments.updateDeployment({ deployment, updateMask: { paths } })).deployment),
    remove: (deploymentId, etag) => deployments.deleteDeployment({ deploymentId, etag }),
  };
}
