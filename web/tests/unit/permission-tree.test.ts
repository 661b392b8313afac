import { expect, test } from "vitest";
import {
  coveredByOther,
  found,
  has,
  treeOf,
  unusual,
  withoutPermission,
  withPermission,
} from "../../src/admin/kit/permission-tree";

const TREE = treeOf(["routing:queue:view", "routing:queue:add", "authorization:user:view", "routing:agent:onqueue"]);

test("the catalogue is grouped by domain and entity, sorted", () => {
  expect(TREE.map(({ domain, entities }) => [domain, entities.map(({ path }) => path)])).toEqual([
    ["authorization", ["authorization:user"]],
    ["routing", ["routing:agent", "routing:queue"]],
  ]);
});

const read = (permission: string) => (permission.endsWith(":view") ? `${permission} Ansehen` : permission);

test.each([
  ["", 4],
  ["ansehen", 2],
  ["ansehen user", 1],
  ["queue", 3],
  ["routing queue view", 1],
  ["routing:queue", 3],
  ["QUEUE add", 1],
  ["nothing", 0],
])("a search for %j finds %i", (text, count) => {
  const permissions = found(TREE, text, read).flatMap(({ entities }) => entities.flatMap((entity) => entity.permissions));
  expect(permissions).toHaveLength(count);
});

test.each([
  [["routing:queue:*"], "routing:queue:view", true],
  [["routing:*:*"], "routing:queue:*", true],
  [["*:*:*"], "routing:queue:view", true],
  [["routing:*:view"], "Routing:Queue:View", true],
  [["routing:queue:view"], "routing:queue:view", false],
  [["routing:queue:view"], "routing:queue:*", false],
  [["routing:agent:*"], "routing:queue:view", false],
])("%j covers %s besides: %s", (set, permission, is) => expect(coveredByOther(set, permission)).toBe(is));

test("a wildcard takes the place of what it covers, and nothing comes back with its end", () => {
  const some = withPermission(["routing:queue:view", "authorization:user:view"], "routing:queue:*");
  expect(some).toEqual(["authorization:user:view", "routing:queue:*"]);
  expect(withoutPermission(some, "routing:queue:*")).toEqual(["authorization:user:view"]);
  expect(has(some, "ROUTING:queue:*")).toBe(true);
  expect(withPermission(some, "routing:queue:*")).toEqual(some);
});

test("what the tree does not show is listed apart", () => {
  expect(unusual(["*:*:*", "routing:*:*", "routing:queue:*", "routing:queue:view"], TREE)).toEqual([]);
  expect(unusual(["routing:*:view", "old:thing:do"], TREE)).toEqual(["routing:*:view", "old:thing:do"]);
});
