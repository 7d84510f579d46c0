// How a group shares the work of a channel, in Redis. Its stream holds one empty entry for each message that is not settled,
// with the offset as its id; what somebody has in hand is pending there, so that XPENDING shows offsets, owners and attempts.
// Bodies are never looked at. Everything is done in scripts, because any process may hand out.
//
// Times are those of Redis, in milliseconds, as the caller reckons them: a script must not wait for a clock.

import { script } from './scripts.ts';
import type { Script } from './scripts.ts';

/** What is handed out at once is filled in pieces of this size. */
const piece = 256;
/** With so many to come again, nothing new is handed out: what fails must not pile up without end. */
const maxAgain = 256;

const before = `
local refs, state, ready, again, leases, held, dead, meta, marks, groups = unpack(KEYS)
local now, ordered, maxAttempts = tonumber(ARGV[1]), ARGV[2] == '1', tonumber(ARGV[3])
local initial, longest, factor, chance = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local ranks = { critical = 0, high = 1, low = 3 }
local names = { [0] = 'critical', 'high', 'normal', 'low' }
local step = 2 ^ 50
local function int(n) return string.format('%.0f', n) end
local function rankOf(offset)
  if ordered then return 0 end
  return tonumber(redis.call('HGET', state, 'p:' .. offset) or 2)
end
local function claimOf(offset)
  local claim = redis.call('HGET', held, offset)
  if not claim then return nil end
  local attempt, lease, owner = string.match(claim, '^(%d+) (%d+) (.*)$')
  return { tonumber(attempt), tonumber(lease), owner }
end
local function drop(offset)
  redis.call('XDEL', refs, offset .. '-0')
  redis.call('HDEL', state, 'p:' .. offset, 'a:' .. offset)
end
local function release(offset)
  redis.call('XACK', refs, 'g', offset .. '-0')
  redis.call('HDEL', held, offset)
  redis.call('ZREM', leases, offset)
end
local buried, lost = {}, {}
local function bury(offset, attempts, reason)
  local rank = tonumber(redis.call('HGET', state, 'p:' .. offset) or 2)
  redis.call('HSET', dead, offset, cjson.encode({ reason = reason, attempts = attempts, priority = names[rank] }))
  redis.call('HDEL', state, 'a:' .. offset)
  buried[#buried + 1] = { offset, int(attempts), names[rank], reason }
end
local function wait(attempts)
  local ms = math.min(longest, initial * factor ^ (attempts - 1))
  if ms ~= ms then ms = 0 end
  return ms * chance
end
local function failed(offset, claim, reason, isDead, pause)
  release(offset)
  if isDead or claim[1] >= maxAttempts then return bury(offset, claim[1], reason) end
  redis.call('HSET', state, 'a:' .. offset, int(claim[1]))
  redis.call('ZADD', again, now + pause, offset)
end
local function sync()
  local log = redis.call('HMGET', meta, 'id', 'head', 'first')
  local had = redis.call('HMGET', state, 'id', 'filled')
  if not log[1] then return nil end
  local first, head = tonumber(log[3] or 1), tonumber(log[2] or 0)
  if had[1] and had[1] ~= '' and had[1] ~= log[1] then
    for _, offset in ipairs(redis.call('HKEYS', held)) do lost[#lost + 1] = { offset, claimOf(offset)[3] } end
    redis.call('DEL', refs, state, ready, again, leases, held, dead)
    had = { nil, nil }
  end
  local filled = math.max(tonumber(had[2] or 0), first - 1)
  redis.call('HSET', state, 'id', log[1], 'filled', int(filled))
  redis.call('SADD', groups, ARGV[8])
  if redis.call('EXISTS', refs) == 0 then redis.call('XGROUP', 'CREATE', refs, 'g', '0', 'MKSTREAM') end
  return { log[1], filled, head }
end
local function fill(at, upTo)
  while at[2] < upTo do
    local last = math.min(upTo, at[2] + ${piece})
    local special = {}
    for _, mark in ipairs(redis.call('ZRANGEBYSCORE', marks, '(' .. int(at[2]), int(last + ${piece}))) do
      local offset, count, name = string.match(mark, '^(%d+):(%d+):(.*)$')
      for n = tonumber(offset) - tonumber(count) + 1, tonumber(offset) do special[n] = name end
    end
    for offset = at[2] + 1, last do
      local mark = special[offset]
      if mark ~= 'control' or ordered then
        local name = int(offset)
        redis.call('XADD', refs, name .. '-0', 'ref', '')
        local rank = not ordered and ranks[mark] or 2
        if ordered then rank = 0 elseif rank ~= 2 then redis.call('HSET', state, 'p:' .. name, rank) end
        redis.call('ZADD', ready, rank * step + offset, name)
      end
    end
    at[2] = last
  end
  redis.call('HSET', state, 'filled', int(at[2]))
end
local function expire()
  for _, offset in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', int(now), 'LIMIT', 0, 256)) do
    local claim = claimOf(offset)
    lost[#lost + 1] = { offset, claim[3] }
    failed(offset, claim, 'Its lease ended.', false, wait(claim[1]))
  end
end
local function due(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2]) - now or -1
end
`;

const groupScript = (text: string): Script => script(before + text);

/**
 * Where a group begins that was not here before. ARGV from 9: where, unless it has begun. Answers nothing.
 */
export const beginScript: Script = groupScript(`
if redis.call('HEXISTS', state, 'filled') == 0 then
  redis.call('HSET', state, 'id', redis.call('HGET', meta, 'id') or '', 'filled', ARGV[9])
  redis.call('SADD', groups, ARGV[8])
end
`);

/**
 * ARGV from 9: lease, the process, the number of its claim, then an owner for each message that may be handed out. Answers
 * logId, what was handed out (offset, attempt, owner's place), who lost what, what was buried, and in how many milliseconds
 * the next one is due, -1 for never. A claim that is repeated, because its answer was lost, is given the same again.
 */
export const claimScript: Script = groupScript(`
local at = sync()
if not at then return { '', {}, {}, {}, '-1' } end
local lease, given = tonumber(ARGV[9]), {}
local last = redis.call('HGET', state, 'c:' .. ARGV[10])
local number, text = string.match(last or '', '^(%S+) (.*)$')
if number == ARGV[11] then
  for _, one in ipairs(cjson.decode(text)) do
    local claim = claimOf(one[1])
    if claim and claim[1] == tonumber(one[2]) and claim[3] == ARGV[one[3] + 11] then
      redis.call('ZADD', leases, now + lease, one[1])
      given[#given + 1] = one
    end
  end
  return { at[1], given, lost, buried, '0' }
end
expire()
local wanted = #ARGV - 11
local function hand(offset, owner)
  local attempt = tonumber(redis.call('HGET', state, 'a:' .. offset) or 0) + 1
  redis.call('ZREM', ready, offset)
  redis.call('ZREM', again, offset)
  if attempt > maxAttempts then
    bury(offset, attempt - 1, 'It was given out ' .. int(attempt - 1) .. ' times and never finished.')
    return false
  end
  redis.call('XCLAIM', refs, 'g', ARGV[owner + 11], 0, offset .. '-0', 'RETRYCOUNT', attempt, 'FORCE', 'JUSTID')
  redis.call('HSET', held, offset, int(attempt) .. ' ' .. int(lease) .. ' ' .. ARGV[owner + 11])
  redis.call('ZADD', leases, now + lease, offset)
  given[#given + 1] = { offset, int(attempt), owner }
  return true
end
local waiting = redis.call('ZRANGEBYSCORE', again, '-inf', now)
local function better(a, b)
  local first, second = rankOf(a), rankOf(b)
  if first ~= second then return first < second end
  return tonumber(a) < tonumber(b)
end
table.sort(waiting, better)
if ordered then
  while wanted > 0 and redis.call('HLEN', held) == 0 do
    if redis.call('ZCARD', ready) == 0 then fill(at, math.min(at[3], at[2] + ${piece})) end
    local lowest = redis.call('ZRANGE', ready, 0, 0)[1]
    local later
    for _, offset in ipairs(redis.call('ZRANGE', again, 0, -1)) do
      if not later or tonumber(offset) < tonumber(later) then later = offset end
    end
    if later and (not lowest or tonumber(later) < tonumber(lowest)) then
      if tonumber(redis.call('ZSCORE', again, later)) > now then break end
      lowest = later
    end
    if not lowest or hand(lowest, 1) then break end
  end
else
  local isFull = redis.call('ZCARD', again) - #waiting >= ${maxAgain}
  local back, owner = 1, 1
  local missing = wanted - #waiting - redis.call('ZCARD', ready)
  if not isFull and (missing > 0 or redis.call('ZCOUNT', marks, '(' .. int(at[2]), '+inf') > 0) then
    fill(at, math.min(at[3], at[2] + math.max(missing, ${piece} * 16)))
  end
  while owner <= wanted do
    local first = not isFull and redis.call('ZRANGE', ready, 0, 0)[1] or nil
    local second = waiting[back]
    if not first and not second then break end
    local offset = first
    if second and (not first or rankOf(second) <= rankOf(first)) then
      offset = second
      back = back + 1
    end
    if hand(offset, owner) then owner = owner + 1 end
  end
end
if #given > 0 then redis.call('HSET', state, 'c:' .. ARGV[10], ARGV[11] .. ' ' .. cjson.encode(given)) end
local next = due(leases)
local soon = due(again)
if next < 0 or (soon >= 0 and soon < next) then next = soon end
return { at[1], given, lost, buried, int(math.max(-1, math.ceil(next))) }
`);

/**
 * ARGV from 9: how (done, failed, dead, back), reason, then offset, attempt and owner of each. Answers for each: 1 if it is so
 * now, 0 if the attempt was lost; and what was buried.
 */
export const settleScript: Script = groupScript(`
local how, reason, answers = ARGV[9], ARGV[10], {}
for i = 11, #ARGV, 3 do
  local offset, attempt, owner = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local claim = claimOf(offset)
  if claim and claim[3] == owner and claim[1] == attempt then
    if how == 'done' then
      release(offset)
      drop(offset)
    elseif how == 'back' then
      release(offset)
      redis.call('HSET', state, 'a:' .. offset, int(attempt - 1))
      redis.call('ZADD', again, now, offset)
    else
      failed(offset, claim, reason, how == 'dead', wait(attempt))
    end
    answers[#answers + 1] = 1
  else
    local known = tonumber(offset) <= tonumber(redis.call('HGET', state, 'filled') or 0)
    local there = #redis.call('XRANGE', refs, offset, offset) > 0
    answers[#answers + 1] = known and not there and 1 or 0
  end
end
return { answers, buried }
`);

/** ARGV from 9: offset, attempt, owner, milliseconds. Answers whether the attempt is still its own. */
export const extendScript: Script = groupScript(`
local claim = claimOf(ARGV[9])
if not claim or claim[3] ~= ARGV[11] or claim[1] ~= tonumber(ARGV[10]) then return 0 end
redis.call('ZADD', leases, now + tonumber(ARGV[12]), ARGV[9])
return 1
`);

/** ARGV from 9: owners that are gone begin with this. What they had comes to others at once. Answers what was buried. */
export const goneScript: Script = groupScript(`
local all = redis.call('HGETALL', held)
for i = 1, #all, 2 do
  local claim = claimOf(all[i])
  if string.sub(claim[3], 1, #ARGV[9]) == ARGV[9] then failed(all[i], claim, 'Its member died.', false, 0) end
end
local process = string.match(ARGV[9], '^([^/]*)/$')
if process then redis.call('HDEL', state, 'c:' .. process) end
return buried
`);

/** ARGV from 9: logId, then offsets that are nobody's work; of a group that is not that far yet, it goes that far first. */
export const passScript: Script = groupScript(`
local at = sync()
if not at or at[1] ~= ARGV[9] then return end
local highest = 0
for i = 10, #ARGV do highest = math.max(highest, tonumber(ARGV[i])) end
fill(at, math.min(at[3], highest))
for i = 10, #ARGV do
  if redis.call('ZREM', ready, ARGV[i]) == 1 then drop(ARGV[i]) end
end
`);

/**
 * ARGV from 9: an offset; with the one after it, all up to there. What was deleted or cleared is nobody's work any more,
 * unless somebody has it in hand.
 */
export const erasedScript: Script = groupScript(`
local function erase(offset)
  redis.call('HDEL', dead, offset)
  if redis.call('HEXISTS', held, offset) == 1 then return end
  redis.call('ZREM', ready, offset)
  redis.call('ZREM', again, offset)
  drop(offset)
end
if ARGV[10] then
  local at = sync()
  for _, entry in ipairs(redis.call('XRANGE', refs, '-', ARGV[10])) do erase(string.match(entry[1], '^%d+')) end
  if at and at[2] < tonumber(ARGV[10]) then redis.call('HSET', state, 'filled', int(math.min(at[3], tonumber(ARGV[10])))) end
else
  local at = sync()
  if at and tonumber(ARGV[9]) > at[2] then fill(at, math.min(at[3], tonumber(ARGV[9]))) end
  erase(ARGV[9])
end
`);

/** ARGV from 9: 1 to give them back, 0 to give them up; then offsets. Answers how many of them were dead letters. */
export const deadScript: Script = groupScript(`
local count = 0
for i = 10, #ARGV do
  if redis.call('HDEL', dead, ARGV[i]) == 1 then
    count = count + 1
    if ARGV[9] == '1' then redis.call('ZADD', again, now, ARGV[i]) else drop(ARGV[i]) end
  end
end
return count
`);

/** Answers pending, how many were not handed out, and the last offset that it does not need any more. */
export const statusScript: Script = groupScript(`
local at = sync()
if not at then return { '0', '0', redis.call('HGET', state, 'filled') or '0' } end
local first = redis.call('XRANGE', refs, '-', '+', 'COUNT', 1)[1]
local floor = first and tonumber(string.match(first[1], '^%d+')) - 1 or at[2]
local pending = redis.call('HLEN', held) + redis.call('ZCARD', again)
return { int(pending), int(at[3] - at[2] + redis.call('ZCARD', ready)), int(floor) }
`);
