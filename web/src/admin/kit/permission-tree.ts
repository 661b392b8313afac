// The catalogue of permissions as a tree of domains and entities, and what a set with wildcards covers.

/** The actions on one entity. */
export interface EntityNode {
  /** `domain:entity`. */
  path: string;
  entity: string;
  permissions: string[];
}

/** The entities of one domain. */
export interface DomainNode {
  domain: string;
  entities: EntityNode[];
}

/** Everything. */
export const EVERY_PERMISSION = "*:*:*";

/** The catalogue, grouped and sorted. */
export function treeOf(permissions: readonly string[]): DomainNode[] {
  const domains = new Map<string, Map<string, string[]>>();
  for (const permission of [...permissions].sort()) {
    const [domain = "", entity = ""] = permission.split(":");
    const entities = domains.get(domain) ?? new Map<string, string[]>();
    entities.set(entity, [...(entities.get(entity) ?? []), permission]);
    domains.set(domain, entities);
  }
  return [...domains].map(([domain, entities]) => ({
    domain,
    entities: [...entities].map(([entity, own]) => ({ path: `${domain}:${entity}`, entity, permissions: own })),
  }));
}

/** The parts of the tree that have every word of the text in what is to be read of them. */
export function found(tree: readonly DomainNode[], text: string, read: (permission: string) => string): DomainNode[] {
  const wanted = text.toLowerCase().split(/[\s:]+/).filter(Boolean);
  const fits = (permission: string) => wanted.every((word) => read(permission).toLowerCase().includes(word));
  return tree
    .map(({ domain, entities }) => ({
      domain,
      entities: entities
        .map((entity) => ({ ...entity, permissions: entity.permissions.filter(fits) }))
        .filter(({ permissions }) => permissions.length > 0),
    }))
    .filter(({ entities }) => entities.length > 0);
}

/** Whether another one of the set, with wildcards, has the permission already. */
export function coveredByOther(set: readonly string[], permission: string): boolean {
  const wanted = permission.toLowerCase().split(":");
  return set.some((held) => held.toLowerCase() !== permission.toLowerCase() && covers(held.toLowerCase().split(":"), wanted));
}

function covers(held: string[], wanted: string[]): boolean {
  return held.length === wanted.length && held.every((part, index) => part === "*" || part === wanted[index]);
}

/** Whether the set has the permission itself. */
export function has(set: readonly string[], permission: string): boolean {
  return set.some((held) => held.toLowerCase() === permission.toLowerCase());
}

/** The set with a permission more, without those that it makes needless, sorted. */
export function withPermission(set: readonly string[], permission: string): string[] {
  const all = [...set.filter((held) => held.toLowerCase() !== permission.toLowerCase()), permission];
  return all.filter((held) => held === permission || !coveredByOther([permission], held)).sort();
}

/** The set without a permission, sorted. */
export function withoutPermission(set: readonly string[], permission: string): string[] {
  return set.filter((held) => held.toLowerCase() !== permission.toLowerCase()).sort();
}

/** Those of the set that the tree does not show: unusual wildcards, and permissions of another version. */
export function unusual(set: readonly string[], tree: readonly DomainNode[]): string[] {
  const shown = new Set([EVERY_PERMISSION]);
  for (const { domain, entities } of tree) {
    shown.add(`${domain}:*:*`.toLowerCase());
    for (const { path, permissions } of entities) {
      shown.add(`${path}:*`.toLowerCase());
      for (const permission of permissions) shown.add(permission.toLowerCase());
    }
  }
  return set.filter((held) => !shown.has(held.toLowerCase()));
}
