export function partsAtOnce(files: readonly string[]): Promise<readonly string[]>;
export function groupsUsed(files: readonly string[]): Promise<ReadonlySet<string>>;
