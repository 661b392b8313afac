// What administrators set up, in the stand-in.
import { ApiClientSchema } from "../../../src/gen/onqueue/auth/v1/api_client_pb";
import { DeploymentSchema } from "../../../src/gen/onqueue/auth/v1/deployment_pb";
import { DivisionSchema } from "../../../src/gen/onqueue/auth/v1/division_pb";
import type { Grant } from "../../../src/gen/onqueue/auth/v1/grant_pb";
import { RoleSchema } from "../../../src/gen/onqueue/auth/v1/role_pb";
import { UserSchema, UserState } from "../../../src/gen/onqueue/auth/v1/user_pb";
import { LibrarySchema } from "../../../src/gen/onqueue/content/v1/library_pb";
import { ResponseSchema } from "../../../src/gen/onqueue/content/v1/response_pb";
import { QueueSchema } from "../../../src/gen/onqueue/routing/v1/queue_pb";
import { ScheduleGroupSchema, ScheduleSchema } from "../../../src/gen/onqueue/routing/v1/schedule_pb";
import { SkillSchema } from "../../../src/gen/onqueue/routing/v1/skill_pb";
import type { Capacity } from "../../../src/gen/onqueue/routing/v1/utilization_pb";
import { WrapUpCodeSchema } from "../../../src/gen/onqueue/routing/v1/wrap_up_code_pb";
import { ContactFieldSchema, ContactFieldType } from "../../../src/gen/onqueue/session/v1/contact_field_pb";
import { Shelf } from "./shelf";

/** Everything of administration. */
export class AdminWorld {
  readonly users = new Shelf(UserSchema, "userId");
  readonly roles = new Shelf(RoleSchema, "roleId");
  readonly divisions = new Shelf(DivisionSchema, "divisionId");
  readonly queues = new Shelf(QueueSchema, "queueId");
  readonly skills = new Shelf(SkillSchema, "skillId");
  readonly wrapUpCodes = new Shelf(WrapUpCodeSchema, "wrapUpCodeId");
  readonly schedules = new Shelf(ScheduleSchema, "scheduleId");
  readonly scheduleGroups = new Shelf(ScheduleGroupSchema, "scheduleGroupId");
  readonly libraries = new Shelf(LibrarySchema, "libraryId");
  readonly responses = new Shelf(ResponseSchema, "responseId");
  readonly deployments = new Shelf(DeploymentSchema, "deploymentId");
  readonly apiClients = new Shelf(ApiClientSchema, "clientId");
  readonly contactFields = new Shelf(ContactFieldSchema, "contactFieldId");
  readonly grants = new Map<string, { grants: Grant[]; etag: number }>();
  readonly members = new Map<string, string[]>();
  readonly skillsOf = new Map<string, { skills: object[]; languages: object[]; etag: number }>();
  readonly capacitiesOf = new Map<string, { capacities: Capacity[]; etag: number }>();
  readonly passwords = new Map<string, string>();
  readonly uses: { responseId: string; clientMessageId: string; conversationId: string }[] = [];
  organisation = { organisationId: "o", etag: "1", slug: "demo", name: "Beispiel GmbH", language: "de", timeZone: "Europe/Berlin" };
  ownPassword = "the old password";
  /** What the caller may do by now, if that can be asked. */
  fresh: string[] | undefined;
  /** Who every customer is. */
  customerName = "Grace";
  /** Whether the answer to making a user is lost once. */
  losesAnswer = false;
  /** Whether lists fail. */
  listsFail = false;

  readonly north = this.divisions.put({ name: "North", description: "Everything north of the river" });
  readonly south = this.divisions.put({ name: "South" });
  readonly agentRole = this.roles.put({ name: "Agent", description: "Talks to customers", permissions: ["routing:agent:onqueue"] });
  readonly returns = this.skills.put({ name: "Returns", description: "Knows about returned goods" });
  readonly library = this.libraries.put({ name: "General", divisionId: this.north, responses: 2 });
  readonly anna = this.users.put(this.user("Anna Beispiel", this.north));
  readonly service = this.queues.put({
    name: "Service",
    divisionId: this.north,
    alertingTimeoutMs: 30_000n,
    inactivityTimeoutMs: 900_000n,
    inactivityWarningMs: 60_000n,
  });
  readonly solved = this.wrapUpCodes.put({ name: "Solved", queueIds: [this.service] });
  readonly weekdays = this.schedules.put({
    name: "Weekdays",
    start: "2026-03-02T09:00",
    end: "2026-03-02T17:00",
    rrule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
  });
  readonly usualHours = this.scheduleGroups.put({
    name: "Usual hours",
    divisionId: this.north,
    timeZone: "Europe/Berlin",
    openScheduleIds: [this.weekdays],
  });
  readonly tier = this.contactFields.put({ key: "tier", name: "Tier", type: ContactFieldType.CHOICE, choices: ["gold", "silver"] });
  readonly greeting = this.responses.put({
    name: "Greeting",
    shortcut: "hello",
    libraryIds: [this.library],
    variants: [
      { language: "en", text: "Hello {{CUSTOMER_NAME}}, how may I help?" },
      { language: "de", text: "Guten Tag {{CUSTOMER_NAME}}, wie kann ich helfen?" },
    ],
    tags: ["welcome"],
    uses: 12n,
  });
  readonly refund = this.responses.put({
    name: "Refund",
    shortcut: "refund",
    libraryIds: [this.library],
    variants: [{ language: "en", text: "Your refund of {{AMOUNT}} is on its way." }],
    substitutions: [{ name: "AMOUNT", description: "How much is paid back" }],
    uses: 3n,
  });

  private user(name: string, divisionId: string) {
    const email = `${name.toLowerCase().replace(/[^a-z]+/g, ".")}@example.org`;
    return { name, email, divisionId, state: UserState.ACTIVE, language: "de", hasPassword: true };
  }

  /** More users than fit on a page. */
  addUsers(count: number): void {
    for (let number = 1; number <= count; number += 1) {
      this.users.put(this.user(`User ${String(number).padStart(3, "0")}`, number % 2 === 0 ? this.north : this.south));
    }
  }
}
