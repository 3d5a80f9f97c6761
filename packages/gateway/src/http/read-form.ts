export type ReadForm = () => Promise<ReadonlyMap<string, string>>
