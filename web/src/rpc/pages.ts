// Reads lists that come in pages.

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  nextPageToken: string;
}

/** All items of a list, page after page. */
export async function allPages<Item>(read: (pageToken: string) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let token = "";
  do {
    const page = await read(token);
    items.push(...page.items);
    token = page.nextPageToken;
  } while (token !== "");
  return items;
}
