// What happens to one key at once, as scripts. Each touches one key, so that a cluster runs it too. A hash has one-letter
// fields: v version, d data, h handle, u subject, i sid, l last used, e end, o owner, s settled.
import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  readonly sha: string
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Garbage collection only: what counts is the end in the value, by the clock of whoever asks. */
const EXPIRE = `redis.call('PEXPIRE', KEYS[1], ARGV[1])`

/** ARGV: ttl, data, handle, subject, last used, end, then the sid when there is one. */
export const CREATE_SESSION = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'v', 1, 'd', ARGV[2], 'h', ARGV[3], 'u', ARGV[4], 'l', ARGV[5], 'e', ARGV[6])
if ARGV[7] then redis.call('HSET', KEYS[1], 'i', ARGV[7]) end
${EXPIRE}
return 1`)

/** ARGV: ttl, expected version, channel, message, data, handle, subject, end, then the sid when there is one. */
export const REPLACE_SESSION = script(`
local version = redis.call('HGET', KEYS[1], 'v')
if not version then return 'gone' end
if version ~= ARGV[2] then return 'conflict' end
redis.call('HSET', KEYS[1], 'v', version + 1, 'd', ARGV[5], 'h', ARGV[6], 'u', ARGV[7], 'e', ARGV[8])
if ARGV[9] then redis.call('HSET', KEYS[1], 'i', ARGV[9]) else redis.call('HDEL', KEYS[1], 'i') end
${EXPIRE}
redis.call('PUBLISH', ARGV[3], ARGV[4])
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

/** ARGV: ttl, key, end, now. A member's score is its end; the set lives as long as its last member. */
export const ADD_TO_INDEX = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then ${EXPIRE} end`)

/** ARGV: ttl, end, now. */
export const CLAIM = script(`
local ends = redis.call('HGET', KEYS[1], 'e')
if ends and tonumber(ends) > tonumber(ARGV[3]) then
  return redis.call('HEXISTS', KEYS[1], 's') == 1 and 'settled' or 'pending'
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'e', ARGV[2])
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

/** ARGV: expected version (0 creates), data. */
export const WRITE_DOCUMENT = script(`
if (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1] + 1, 'd', ARGV[2])
return 1`)

/** ARGV: our format, the oldest reader of it. Returns the store's format and oldest reader, ours when it had none. */
export const ENTER_STORE = script(`
local known = redis.call('HMGET', KEYS[1], 'format', 'reader')
if not known[1] or (tonumber(known[1]) < tonumber(ARGV[1]) and tonumber(known[2]) <= tonumber(ARGV[1])) then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'reader', ARGV[2])
  return {ARGV[1], ARGV[2]}
end
return known`)
