// The part of autocannon that the bench uses; the package has no types of its own.
declare module 'autocannon' {
  interface Options {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly connections: number
    readonly bailout: number
    readonly duration?: number
    readonly amount?: number
    readonly requests?: readonly { readonly setupRequest: (request: Request) => Request }[]
  }
  interface Request {
    readonly headers: Record<string, string>
  }
  interface Result {
    readonly requests: { readonly total: number }
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
  }
  interface Running extends Promise<Result> {
    on(
      event: 'response',
      listener: (client: unknown, status: number, bytes: number, milliseconds: number) => void,
    ): this
  }
  function autocannon(options: Options): Running
  export = autocannon
}
