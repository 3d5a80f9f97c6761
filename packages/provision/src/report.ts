// What a long piece of work tells while it goes on. The command shows it; nobody decides by it.

export type Report = (line: { readonly what: string; readonly done: number; readonly of: number }) => void
