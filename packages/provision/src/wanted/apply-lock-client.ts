// The client that is there while somebody applies. It is no part of any file: it carries no owner, so that no plan sees it
// and nothing prunes it, and no client of a file may be called so.

export const APPLY_LOCK_CLIENT_ID = 'doorman-apply-lock'
