// The rpcs of administration in the stand-in.
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { undeclared } from "../../../src/admin/resources/response-rules";
import { ApiClientService } from "../../../src/gen/onqueue/auth/v1/api_client_pb";
import { DivisionService } from "../../../src/gen/onqueue/auth/v1/division_pb";
import { GrantService } from "../../../src/gen/onqueue/auth/v1/grant_pb";
import { OrganisationService } from "../../../src/gen/onqueue/auth/v1/organisation_pb";
import { PermissionService } from "../../../src/gen/onqueue/auth/v1/permission_pb";
import { RoleService } from "../../../src/gen/onqueue/auth/v1/role_pb";
import { UserService, UserState } from "../../../src/gen/onqueue/auth/v1/user_pb";
import { LibraryService } from "../../../src/gen/onqueue/content/v1/library_pb";
import { ResponseService, type Response } from "../../../src/gen/onqueue/content/v1/response_pb";
import { SkillService, type UserLanguage, type UserSkill } from "../../../src/gen/onqueue/routing/v1/skill_pb";
import { UtilizationService } from "../../../src/gen/onqueue/routing/v1/utilization_pb";
import type { AdminWorld } from "./admin-world";
import { refusal } from "./refusal";
import { begins } from "./shelf";
import { transferRoutes } from "./transfer-routes";

const CATALOGUE = [
  "authorization:role:add",
  "authorization:role:view",
  "authorization:user:add",
  "authorization:user:view",
  "conversation:webchat:accept",
  "responses:response:view",
  "routing:agent:onqueue",
  "routing:queue:add",
  "routing:queue:join",
  "routing:queue:view",
];

/** Adds the rpcs of administration. */
export function adminRoutes(router: ConnectRouter, world: AdminWorld): void {
  userRoutes(router, world);
  accessRoutes(router, world);
  organisationRoutes(router, world);
  subjectRoutes(router, world);
  knowledgeRoutes(router, world);
  contentRoutes(router, world);
  transferRoutes(router, world);
}

function userRoutes(router: ConnectRouter, world: AdminWorld): void {
  const { users } = world;
  router.service(UserService, {
    createUser: ({ requestId, user, password }) => {
      if (password === "password1234") throw refusal(Code.InvalidArgument, "FIELD_INVALID", { field: "password" });
      const made = users.create(requestId, user);
      if (password) world.passwords.set(made.userId, password);
      if (world.losesAnswer) {
        world.losesAnswer = false;
        throw refusal(Code.Unavailable, "UNAVAILABLE");
      }
      return { user: made };
    },
    getUser: ({ userId }) => ({ user: users.get(userId) }),
    listUsers: (asked) => {
      if (world.listsFail) throw refusal(Code.Unavailable, "UNAVAILABLE");
      const { found, nextPageToken } = users.page(asked, ({ name, email, divisionId, state }) => {
        const fitsText = begins(name, asked.text) || begins(email, asked.text);
        const fitsState = asked.state === UserState.UNSPECIFIED || asked.state === state;
        return fitsText && fitsState && (asked.divisionId === "" || asked.divisionId === divisionId);
      });
      return { users: found, nextPageToken };
    },
    updateUser: ({ user, updateMask }) => ({ user: users.update(user, updateMask?.paths ?? []) }),
    deleteUser: ({ userId, etag }) => users.remove(userId, etag),
    setPassword: ({ userId, password }) => {
      world.passwords.set(userId, password);
      return {};
    },
    changePassword: ({ currentPassword, newPassword }) => {
      if (currentPassword !== world.ownPassword) throw refusal(Code.Unauthenticated, "CREDENTIALS_INVALID");
      world.ownPassword = newPassword;
      return {};
    },
  });
}

function accessRoutes(router: ConnectRouter, world: AdminWorld): void {
  const { roles, divisions, apiClients } = world;
  router.service(RoleService, {
    createRole: ({ requestId, role }) => ({ role: roles.create(requestId, role) }),
    getRole: ({ roleId }) => ({ role: roles.get(roleId) }),
    listRoles: (asked) => {
      const { found, nextPageToken } = roles.page(asked, ({ name }) => begins(name, asked.text));
      return { roles: found, nextPageToken };
    },
    updateRole: ({ role, updateMask }) => ({ role: roles.update(role, updateMask?.paths ?? []) }),
    deleteRole: ({ roleId, etag }) => {
      if (roleId === world.agentRole) throw refusal(Code.FailedPrecondition, "STATE_CONFLICT");
      return roles.remove(roleId, etag);
    },
  });
  router.service(DivisionService, {
    createDivision: ({ requestId, division }) => ({ division: divisions.create(requestId, division) }),
    getDivision: ({ divisionId }) => ({ division: divisions.get(divisionId) }),
    listDivisions: (asked) => {
      const { found, nextPageToken } = divisions.page(asked, ({ name }) => begins(name, asked.text));
      return { divisions: found, nextPageToken };
    },
    updateDivision: ({ division, updateMask }) => ({ division: divisions.update(division, updateMask?.paths ?? []) }),
    deleteDivision: ({ divisionId, etag }) => divisions.remove(divisionId, etag),
  });
  router.service(ApiClientService, {
    createApiClient: ({ requestId, apiClient }) => {
      const before = apiClients.created;
      const made = apiClients.create(requestId, apiClient);
      return { apiClient: made, secret: apiClients.created > before ? "first-secret" : "" };
    },
    getApiClient: ({ clientId }) => ({ apiClient: apiClients.get(clientId) }),
    listApiClients: (asked) => {
      const { found, nextPageToken } = apiClients.page(asked, ({ name }) => begins(name, asked.text));
      return { apiClients: found, nextPageToken };
    },
    updateApiClient: ({ apiClient, updateMask }) => ({ apiClient: apiClients.update(apiClient, updateMask?.paths ?? []) }),
    deleteApiClient: ({ clientId, etag }) => apiClients.remove(clientId, etag),
    rotateApiClientSecret: ({ clientId }) => ({ apiClient: apiClients.change(clientId, {}), secret: "second-secret" }),
  });
}

function organisationRoutes(router: ConnectRouter, world: AdminWorld): void {
  router.service(PermissionService, {
    getMyAccess: () => {
      if (!world.fresh) throw refusal(Code.Unavailable, "UNAVAILABLE");
      return { permissions: world.fresh.map((permission) => ({ permission, allDivisions: true })) };
    },
    listPermissions: () => ({ permissions: CATALOGUE.map((permission) => ({ permission })) }),
  });
  router.service(OrganisationService, {
    getOrganisation: () => ({ organisation: world.organisation }),
    updateOrganisation: ({ organisation, updateMask }) => {
      if (organisation?.etag !== world.organisation.etag) throw refusal(Code.Aborted, "ETAG_MISMATCH");
      const has = (path: string) => updateMask?.paths.includes(path);
      const { name, language, timeZone } = organisation;
      world.organisation = {
        ...world.organisation,
        ...(has("name") ? { name } : {}),
        ...(has("language") ? { language } : {}),
        ...(has("time_zone") ? { timeZone } : {}),
        etag: String(Number(world.organisation.etag) + 1),
      };
      return { organisation: world.organisation };
    },
  });
}

function subjectRoutes(router: ConnectRouter, world: AdminWorld): void {
  const held = (subjectId: string) => {
    const { grants, etag } = world.grants.get(subjectId) ?? { grants: [], etag: 1 };
    return { grants, etag: String(etag) };
  };
  router.service(GrantService, {
    getGrants: ({ subjectId }) => held(subjectId),
    setGrants: ({ subjectId, grants, etag }) => {
      if (etag !== held(subjectId).etag) throw refusal(Code.Aborted, "ETAG_MISMATCH");
      world.grants.set(subjectId, { grants, etag: Number(etag) + 1 });
      return held(subjectId);
    },
  });
  const utilization = (id: string) => {
    const { capacities, etag } = world.capacitiesOf.get(id) ?? world.capacitiesOf.get("") ?? { capacities: [], etag: 1 };
    return { capacities, etag: String(etag) };
  };
  router.service(UtilizationService, {
    getUtilization: () => ({ utilization: utilization("") }),
    updateUtilization: ({ utilization: sent }) => {
      world.capacitiesOf.set("", { capacities: sent?.capacities ?? [], etag: Number(sent?.etag) + 1 });
      return { utilization: utilization("") };
    },
    getUserUtilization: ({ userId }) => ({ utilization: utilization(userId), own: world.capacitiesOf.has(userId) }),
    updateUserUtilization: ({ userId, utilization: sent }) => {
      const capacities = sent?.capacities ?? [];
      if (capacities.length === 0) world.capacitiesOf.delete(userId);
      else world.capacitiesOf.set(userId, { capacities, etag: Number(sent?.etag) + 1 });
      return { utilization: utilization(userId), own: world.capacitiesOf.has(userId) };
    },
  });
}

function knowledgeRoutes(router: ConnectRouter, world: AdminWorld): void {
  const { skills } = world;
  const known = (userId: string) => {
    const { skills: own, languages, etag } = world.skillsOf.get(userId) ?? { skills: [], languages: [], etag: 1 };
    return { userId, skills: own as UserSkill[], languages: languages as UserLanguage[], etag: String(etag) };
  };
  router.service(SkillService, {
    createSkill: ({ requestId, skill }) => ({ skill: skills.create(requestId, skill) }),
    getSkill: ({ skillId }) => ({ skill: skills.get(skillId) }),
    listSkills: (asked) => {
      const { found, nextPageToken } = skills.page(asked, ({ name }) => begins(name, asked.text));
      return { skills: found, nextPageToken };
    },
    updateSkill: ({ skill, updateMask }) => ({ skill: skills.update(skill, updateMask?.paths ?? []) }),
    deleteSkill: ({ skillId, etag }) => skills.remove(skillId, etag),
    getUserSkills: ({ userId }) => ({ userSkills: known(userId) }),
    setUserSkills: ({ userSkills }) => {
      if (!userSkills) throw refusal(Code.InvalidArgument, "FIELD_INVALID", { field: "user_skills" });
      const { userId, skills: own, languages, etag } = userSkills;
      if (etag !== known(userId).etag) throw refusal(Code.Aborted, "ETAG_MISMATCH");
      world.skillsOf.set(userId, { skills: own, languages, etag: Number(etag) + 1 });
      return { userSkills: known(userId) };
    },
  });
}

function contentRoutes(router: ConnectRouter, world: AdminWorld): void {
  const { libraries, responses } = world;
  router.service(LibraryService, {
    createLibrary: ({ requestId, library }) => ({ library: libraries.create(requestId, library) }),
    getLibrary: ({ libraryId }) => ({ library: libraries.get(libraryId) }),
    listLibraries: (asked) => {
      const { found, nextPageToken } = libraries.page(asked, ({ name }) => begins(name, asked.text));
      return { libraries: found, nextPageToken };
    },
    updateLibrary: ({ library, updateMask }) => ({ library: libraries.update(library, updateMask?.paths ?? []) }),
    deleteLibrary: ({ libraryId, etag }) => libraries.remove(libraryId, etag),
  });
  router.service(ResponseService, {
    createResponse: ({ requestId, response }) => {
      if (response) checkSubstitutions(response);
      return { response: responses.create(requestId, response) };
    },
    getResponse: ({ responseId }) => ({ response: responses.get(responseId) }),
    listResponses: (asked) => {
      const fits = ({ name, libraryIds, uses }: Response) =>
        begins(name, asked.text) && (asked.libraryId === "" || libraryIds.includes(asked.libraryId)) && (!asked.neverUsed || uses === 0n);
      const { found, nextPageToken } = responses.page(asked, fits);
      return { responses: found, nextPageToken };
    },
    updateResponse: ({ response, updateMask }) => ({ response: responses.update(response, updateMask?.paths ?? []) }),
    deleteResponse: ({ responseId, etag }) => responses.remove(responseId, etag),
    searchResponses: ({ text, language }) => ({
      responses: [...responses.items.values()]
        .filter(({ shortcut, name }) => begins(shortcut, text) || begins(name, text))
        .map((response) => {
          const variant = variantOf(response, language);
          return { response, language: variant.language, preview: variant.text };
        }),
    }),
    renderResponse: ({ responseId, language, conversationId, values }) => {
      const known = conversationId ? { CUSTOMER_NAME: world.customerName, ...values } : values;
      const { text, language: taken } = variantOf(responses.get(responseId), language);
      const names = [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name as string);
      const missing = names.filter((name) => !(name in known));
      if (missing.length > 0) throw refusal(Code.FailedPrecondition, "VARIABLE_MISSING", { variables: missing.join(",") });
      return { text: text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => known[name as keyof typeof known] as string), language: taken };
    },
    recordUse: ({ responseId, clientMessageId, conversationId }) => {
      world.uses.push({ responseId, clientMessageId, conversationId });
      return { uses: 1n };
    },
  });
}

function checkSubstitutions({ variants, substitutions }: Response): void {
  const declared = substitutions.map(({ name }) => name);
  for (const { language, text } of variants) {
    const [substitution] = undeclared([text], declared);
    const about = { field: "response.variants", problem: "substitution_undeclared", language };
    if (substitution) throw refusal(Code.InvalidArgument, "FIELD_INVALID", { ...about, substitution });
  }
}

function variantOf({ variants }: Response, language: string) {
  const variant = variants.find((each) => each.language === language) ?? variants[0];
  if (!variant) throw refusal(Code.NotFound, "NOT_FOUND");
  return variant;
}
