// What happens to one key at once, as scripts. Each touches one key, so that a cluster runs it too. A hash has one-letter
// fields: v version, d data, h handle, u subject, i sid, l last used, e end, o owner, s settled, w last write.
//
// Each may run twice, when its answer was lost with the connection: where that matters, the field w tells a repetition
// from somebody else's write.
import { createHash } from 'node:crypto'
import { isUnknownScript } from './redis-errors.ts'
import type { Send, Words } from './redis-wire.ts'

export interface Script {
  readonly text: string
  readonly sha: string
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** By its hash; a server that does not know it yet is sent the text. */
export async function evaluate(send: Send, script: Script, key: string, words: Words): Promise<unknown> {
  try {
    return await send(['EVALSHA', script.sha, '1', key, ...words])
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return send(['EVAL', script.text, '1', key, ...words])
  }
}

/** Garbage collection only: what counts is the end in the value, by the clock of whoever asks. */
const EXPIRE = `redis.call('PEXPIRE', KEYS[1], ARGV[1])`

/** ARGV: ttl, write, data, handle, subject, last used, end, then the sid when there is one. */
export const CREATE_SESSION = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.call('HGET', KEYS[1], 'w') == ARGV[2] and 1 or 0
end
redis.call('HSET', KEYS[1], 'v', 1, 'w', ARGV[2], 'd', ARGV[3], 'h', ARGV[4], 'u', ARGV[5], 'l', ARGV[6], 'e', ARGV[7])
if ARGV[8] then redis.call('HSET', KEYS[1], 'i', ARGV[8]) end
${EXPIRE}
return 1`)

/** ARGV: ttl, write, expected version, channel, message, now, data, handle, subject, end, then the sid when there is one. */
export const REPLACE_SESSION = script(`
local known = redis.call('HMGET', KEYS[1], 'v', 'e', 'w')
if not known[1] or tonumber(known[2]) <= tonumber(ARGV[6]) then return 'gone' end
if known[1] ~= ARGV[3] then return known[3] == ARGV[2] and 'replaced' or 'conflict' end
redis.call('HSET', KEYS[1], 'v', known[1] + 1, 'w', ARGV[2], 'd', ARGV[7], 'h', ARGV[8], 'u', ARGV[9], 'e', ARGV[10])
if ARGV[11] then redis.call('HSET', KEYS[1], 'i', ARGV[11]) else redis.call('HDEL', KEYS[1], 'i') end
${EXPIRE}
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'replaced'`)

/** ARGV: channel, message. Returns what the indexes are to be cleared of; nothing when there was no record. */
export const DELETE_SESSION = script(`
local indexes = redis.call('HMGET', KEYS[1], 'h', 'u', 'i')
if redis.call('DEL', KEYS[1]) == 0 then return false end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return indexes`)

/** ARGV: last used. */
export const TOUCH_SESSION = script(`
local last = redis.call('HGET', KEYS[1], 'l')
if last and tonumber(last) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'l', ARGV[1]) end`)

/** ARGV: ttl, key, end, now. A member's score is its latest end; the set lives as long as its last member. */
export const ADD_TO_INDEX = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
redis.call('ZADD', KEYS[1], 'GT', ARGV[3], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then ${EXPIRE} end`)

/** ARGV: ttl, write, end, now. */
export const CLAIM = script(`
local known = redis.call('HMGET', KEYS[1], 'e', 's', 'w')
if known[1] and tonumber(known[1]) > tonumber(ARGV[4]) then
  if known[2] then return 'settled' end
  return known[3] == ARGV[2] and 'claimed' or 'pending'
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'e', ARGV[3], 'w', ARGV[2])
${EXPIRE}
return 'claimed'`)

export const SETTLE_CLAIM = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 's', 1) end`)

/** ARGV: ttl, end. */
export const PUT_TOMBSTONE = script(`
local ends = redis.call('HGET', KEYS[1], 'e')
if ends and tonumber(ends) >= tonumber(ARGV[2]) then return end
redis.call('HSET', KEYS[1], 'e', ARGV[2])
${EXPIRE}`)

/** ARGV: ttl, end, now, owner, and `renew` when it must be the owner's already. */
export const HOLD_LEASE = script(`
local lease = redis.call('HMGET', KEYS[1], 'o', 'e')
local isHeld = lease[1] and tonumber(lease[2]) > tonumber(ARGV[3])
if isHeld and lease[1] ~= ARGV[4] then return 0 end
if ARGV[5] and not isHeld then return 0 end
redis.call('HSET', KEYS[1], 'o', ARGV[4], 'e', ARGV[2])
${EXPIRE}
return 1`)

/** ARGV: owner. */
export const RELEASE_LEASE = script(`
if redis.call('HGET', KEYS[1], 'o') == ARGV[1] then redis.call('DEL', KEYS[1]) end`)

/** ARGV: write, expected version (0 creates), data. */
export const WRITE_DOCUMENT = script(`
local known = redis.call('HMGET', KEYS[1], 'v', 'w')
if (known[1] or '0') ~= ARGV[2] then return known[2] == ARGV[1] and 1 or 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2] + 1, 'w', ARGV[1], 'd', ARGV[3])
return 1`)

/**
 * ARGV: our format, the oldest reader of it. Returns the store's format and oldest reader; they become ours when it had
 * none, or those of the version before ours.
 */
export const ENTER_STORE = script(`
local known = redis.call('HMGET', KEYS[1], 'format', 'reader')
if known[1] and tonumber(known[1]) ~= ARGV[1] - 1 then return known end
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'reader', ARGV[2])
return {ARGV[1], ARGV[2]}`)

/** ARGV: channel, message. Returns the server's time, in seconds and microseconds. */
export const BEAT = script(`
redis.call('PUBLISH', ARGV[1], ARGV[2])
return redis.call('TIME')`)

/** Returns the id of the key that sealed the data, the bytes after the first. */
export const READ_SEALING_KEY = script(`
local sealed = redis.call('HGET', KEYS[1], 'd')
return sealed and string.sub(sealed, 2, 9)`)
