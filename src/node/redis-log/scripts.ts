// What Redis does in one step. The append rule is applied where the blocks lie, so that any number of processes may append.

import { createHash } from 'node:crypto';
import { rememberedBlocks } from '../../core/append-rule.ts';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** What a script says of a block. */
export const said = { stored: 0, known: 1, conflict: 2, gap: 3, refused: 4 } as const;

/** How many arguments of the append script stand before those of the blocks. */
const beforeBlocks = 6;
/** How many arguments of a block stand before its records and fields. */
export const beforeRecords = 12;

/**
 * KEYS: log, meta, records, marks, epoch. ARGV: a logId if the channel has none, the bell, who rings it, whether it was sent before,
 * what the bell says of the blocks if all of them are stored, who the server was when it was looked; then for each block: producer, sequence (0: the producer's next), block id,
 * count, whether it is a skip, key, client, push number, size, mark, how many records and fields, then these.
 * Answers nothing if the server is another one: it may have been set back. Else logId, and in one text the moment and for each block what is said of it, offset, sequence.
 *
 * A producer's last blocks lie in a ring of fields, so that a block costs the same however many are remembered. What is
 * remembered is written once, at the end: a command costs more than all that is reckoned here.
 */
export const appendScript: Script = script(`
local log, meta, records, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call, format = redis.call, string.format
if call('GET', KEYS[5]) ~= ARGV[6] then return false end
local ring = ${rememberedBlocks}
local time = call('TIME')
local now = format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local had = call('HMGET', meta, 'id', 'head', 'bytes')
local id, head, bytes = had[1], tonumber(had[2] or 0), tonumber(had[3] or 0)
local writes, fresh, answers, rung, isPlain = {}, {}, { now }, 0, ARGV[5] ~= ''
local function int(n) return format('%d', n) end
local function get(field)
  local value = fresh[field]
  if value == nil then value = call('HGET', meta, field) end
  return value
end
local function set(field, value)
  writes[#writes + 1] = field
  writes[#writes + 1] = value
  fresh[field] = value
end
local function place(field, n)
  local found = get(field .. ':' .. int(n % ring))
  if not found then return nil end
  local number, blockId, offset = string.match(found, '^(%d+) (%S*) (%d+)')
  return tonumber(number) == n and { blockId, tonumber(offset) } or nil
end
local function blockOf(field, blockId)
  for n = 0, ring - 1 do
    local found = get(field .. ':' .. n)
    if found then
      local number, name, offset = string.match(found, '^(%d+) (%S*) (%d+)')
      if name == blockId then return { tonumber(offset), tonumber(number) } end
    end
  end
end
local i = ${beforeBlocks + 1}
while i <= #ARGV do
  local producer, sequence, blockId = 'p:' .. ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local count, isSkip, key = tonumber(ARGV[i + 3]), ARGV[i + 4] == '1', ARGV[i + 5]
  local client, push, size = ARGV[i + 6], tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8])
  local mark, recordCount, fieldCount = ARGV[i + 9], tonumber(ARGV[i + 10]), tonumber(ARGV[i + 11])
  local at, from = i, i + ${beforeRecords}
  local fieldsFrom = from + recordCount * 2
  i = fieldsFrom + fieldCount
  local kind, offset
  local last = tonumber(get(producer) or 0)
  local own = sequence == 0
  if own then sequence = last + 1 end
  local upTo = client ~= '' and tonumber(get('c:' .. client) or 0) or 0
  if client ~= '' and push <= upTo then
    local found = place('c:' .. client, push)
    if found then kind, offset = ${said.known}, found[2] else kind, offset = ${said.refused}, 0 end
  else
    local keyed = key ~= '' and get('k:' .. key)
    local again = own and ARGV[4] == '1' and blockOf(producer, blockId)
    if again then
      kind, offset, sequence = ${said.stored}, again[1], again[2]
      isPlain = false
    elseif not own and sequence <= last then
      local found = place(producer, sequence)
      if found and found[1] == blockId then kind, offset = ${said.known}, found[2]
      else kind, offset = ${said.conflict}, last end
    elseif not own and sequence > last + 1 then
      kind, offset = ${said.gap}, last
    elseif own and keyed then
      kind, offset = ${said.known}, tonumber(keyed)
    else
      if not id then
        id = ARGV[1]
        set('id', id)
      end
      kind = keyed and ${said.known} or ${said.stored}
      offset = keyed and tonumber(keyed) or head
      if isSkip then isPlain = false end
      if not keyed and not isSkip then
        offset = head + count
        local name = int(offset)
        local entry = { 'producer', ARGV[at], 'sequence', int(sequence), 'block', blockId, 'at', now, 'count', ARGV[at + 3], 'size', ARGV[at + 8] }
        if key ~= '' then entry[13] = 'key'; entry[14] = key end
        for n = fieldsFrom, i - 1 do entry[#entry + 1] = ARGV[n] end
        call('XADD', log, name .. '-0', unpack(entry))
        if mark ~= '' then call('ZADD', marks, name, name .. ':' .. int(count) .. ':' .. mark) end
        head, bytes, rung = offset, bytes + size, rung + 1
        if key ~= '' then set('k:' .. key, name) end
      end
      local name = int(sequence)
      set(producer, name)
      set(producer .. ':' .. int(sequence % ring), name .. ' ' .. blockId .. ' ' .. int(offset) .. ' ' .. now)
      if kind == ${said.stored} then
        for n = from, fieldsFrom - 2, 2 do
          if ARGV[n + 1] == '' then call('HDEL', records, ARGV[n]) else call('HSET', records, ARGV[n], ARGV[n + 1]) end
        end
      end
    end
    if client ~= '' and (kind == ${said.stored} or kind == ${said.known}) then
      set('c:' .. client, int(push))
      set('c:' .. client .. ':' .. int(push % ring), int(push) .. ' . ' .. int(offset) .. ' ' .. now)
    end
  end
  if kind ~= ${said.stored} then isPlain = false end
  answers[#answers + 1] = kind .. ' ' .. int(offset) .. ' ' .. int(sequence)
end
local said = table.concat(answers, ' ')
if rung > 0 then
  set('head', int(head))
  set('bytes', int(bytes))
  local more = isPlain and '\\0' .. said .. '\\0' .. ARGV[5] or ''
  call('PUBLISH', ARGV[2], ARGV[3] .. '\\0' .. id .. '\\0' .. int(head) .. more)
end
for n = 1, #writes, 256 do call('HSET', meta, unpack(writes, n, math.min(#writes, n + 255))) end
return { id or '', said }
`);

/**
 * KEYS: log, meta, replaced, marks. ARGV: an offset; after how many milliseconds a producer or client is forgotten that was not
 * heard of, and how often it is looked for such. Drops up to 1,000 blocks at or below the offset; answers whether there may be
 * more. What is left when nothing is: the head, which the next message follows on.
 *
 * Whoever is forgotten has nothing in the log any more; coming back, it is told by GAP to say what became of the rest.
 */
export const trimScript: Script = script(`
local log, meta, replaced = KEYS[1], KEYS[2], KEYS[3]
local function int(n) return string.format('%.0f', n) end
local upTo = math.min(tonumber(ARGV[1]), tonumber(redis.call('HGET', meta, 'head') or 0))
if upTo < 1 then return 0 end
local function drop(fields)
  local size = 0
  for at = 1, #fields, 2 do
    if fields[at] == 'key' then redis.call('HDEL', meta, 'k:' .. fields[at + 1]) end
    if fields[at] == 'size' then size = tonumber(fields[at + 1]) end
  end
  return size
end
local gone = 0
for _, offset in ipairs(redis.call('HKEYS', replaced)) do
  if tonumber(offset) <= upTo then
    gone = gone + drop(cjson.decode(redis.call('HGET', replaced, offset)))
    redis.call('HDEL', replaced, offset)
  end
end
local entries = redis.call('XRANGE', log, '-', int(upTo), 'COUNT', 1000)
local last = 0
for _, entry in ipairs(entries) do
  gone = gone + drop(entry[2])
  last = tonumber(string.match(entry[1], '^%d+'))
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', int(upTo))
if last > 0 then redis.call('XTRIM', log, 'MINID', '=', int(last + 1)) end
redis.call('HINCRBY', meta, 'bytes', int(0 - gone))
local first = tonumber(redis.call('HGET', meta, 'head')) + 1
local function starts(offset, fields)
  for at = 1, #fields, 2 do
    if fields[at] == 'count' then first = math.min(first, offset - tonumber(fields[at + 1]) + 1) end
  end
end
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 1)) do starts(tonumber(string.match(entry[1], '^%d+')), entry[2]) end
for _, offset in ipairs(redis.call('HKEYS', replaced)) do starts(tonumber(offset), cjson.decode(redis.call('HGET', replaced, offset))) end
redis.call('HSET', meta, 'first', int(first))
local time = redis.call('TIME')
local now = time[1] * 1000
if now - tonumber(redis.call('HGET', meta, 'swept') or 0) > tonumber(ARGV[3]) then
  redis.call('HSET', meta, 'swept', int(now))
  local all = redis.call('HGETALL', meta)
  local known = {}
  for at = 1, #all, 2 do known[all[at]] = all[at + 1] end
  for name, number in pairs(known) do
    if string.match(name, '^[pc]:') and string.match(number, '^%d+$') then
      local newest = known[name .. ':' .. int(tonumber(number) % ${rememberedBlocks})] or ''
      local offset, heard = string.match(newest, '^%d+ %S* (%d+) (%d+)$')
      if heard and tonumber(offset) < first and now - tonumber(heard) > tonumber(ARGV[2]) then
        local gone = { name }
        for n = 0, ${rememberedBlocks - 1} do gone[#gone + 1] = name .. ':' .. n end
        redis.call('HDEL', meta, unpack(gone))
      end
    end
  end
end
return #entries == 1000 and 1 or 0
`);

/**
 * KEYS: log, meta, replaced. ARGV: logId, offset, block id, size, the SHA-1 of the body that was read before, then the fields of
 * the new one. Answers 0 where no such block is kept, 2 if its body is another one by now, 1 if it is done.
 */
export const replaceScript: Script = script(`
local log, meta, replaced = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HGET', meta, 'id') ~= ARGV[1] then return 0 end
local entry = redis.call('XRANGE', log, ARGV[2], ARGV[2])[1]
local before = entry and entry[2]
if not before then
  local kept = redis.call('HGET', replaced, ARGV[2])
  before = kept and cjson.decode(kept)
end
if not before then return 0 end
local fields, size = {}, 0
for at = 1, #before, 2 do
  local name, value = before[at], before[at + 1]
  if name == 'block' and value ~= ARGV[3] then return 0 end
  if name == 'body' and redis.sha1hex(value) ~= ARGV[5] then return 2 end
  if name == 'size' then
    size = tonumber(value)
    value = ARGV[4]
  end
  if name ~= 'body' and name ~= 'header' and string.sub(name, 1, 5) ~= 'bytes' then
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
end
for at = 6, #ARGV do fields[#fields + 1] = ARGV[at] end
redis.call('HSET', replaced, ARGV[2], cjson.encode(fields))
if entry then redis.call('XDEL', log, entry[1]) end
redis.call('HINCRBY', meta, 'bytes', string.format('%.0f', tonumber(ARGV[4]) - size))
return 1
`);

/** KEYS: meta. Answers what `metaOf` asks for, and the last sequence of each producer. */
export const producersScript: Script = script(`
local meta, pairs = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #meta, 2 do
  if string.match(meta[i], '^p:') and string.match(meta[i + 1], '^%d+$') then
    pairs[#pairs + 1] = meta[i]
    pairs[#pairs + 1] = meta[i + 1]
  end
end
return { redis.call('HMGET', KEYS[1], 'id', 'first', 'head', 'bytes'), pairs }
`);
