/** The texts in all files of a project that `isWanted` names, as `path:line: text`. */
export function textsOf(project: URL, isWanted: (path: string) => boolean): { files: number; found: string[] };

/** Whether a file of the pages may not have texts. */
export function isPage(path: string): boolean;
