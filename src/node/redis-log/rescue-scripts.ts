// How a log that was set back gets back what processes still hold: at the same offsets, so that nobody who has seen it sees it
// anywhere else, and before anybody appends.

import { rememberedBlocks } from '../../core/append-rule.ts';
import { script } from './scripts.ts';
import type { Script } from './scripts.ts';

/** In the header of a skip: how many messages are missing. */
export const countMark = '@count@';

const before = `
local log, meta, marks, rescue, epoch = unpack(KEYS)
if redis.call('GET', epoch) == ARGV[1] then return false end
local had = redis.call('HMGET', meta, 'id', 'head', 'bytes')
local head, bytes = tonumber(had[2] or 0), tonumber(had[3] or 0)
local function int(n) return string.format('%.0f', n) end
local function put(block)
  local producer, sequence, blockId, last, mark, key, size, at = unpack(block, 1, 8)
  local count = tonumber(last) - head
  redis.call('XADD', log, last .. '-0', unpack(block, 9))
  if mark ~= '' then redis.call('ZADD', marks, last, last .. ':' .. int(count) .. ':' .. mark) end
  if key ~= '' then redis.call('HSET', meta, 'k:' .. key, last) end
  if producer ~= '' then
    local field = 'p:' .. producer
    redis.call('HSET', meta, field, sequence, field .. ':' .. int(tonumber(sequence) % ${rememberedBlocks}), sequence .. ' ' .. blockId .. ' ' .. last .. ' ' .. at)
  end
  head, bytes = tonumber(last), bytes + tonumber(size)
end
local function merge()
  while true do
    local first = int(head + 1)
    local text = redis.call('HGET', rescue, first)
    if not text then break end
    redis.call('HDEL', rescue, first)
    put(cjson.decode(text))
  end
end
local function keep()
  redis.call('HSET', meta, 'head', int(head), 'bytes', int(bytes))
end
`;

/**
 * KEYS: log, meta, marks, rescue, epoch. ARGV: who the server is, logId, the head that is known, then for each block: its first
 * offset, and as JSON producer, sequence, block id, last offset, mark, key, size, moment and the fields of its entry. Answers nothing
 * if the log is open already, 0 if it is another log, 1 if it has them.
 */
export const rescueScript: Script = script(`${before}
if had[1] and had[1] ~= ARGV[2] then return 0 end
if not had[1] then redis.call('HSET', meta, 'id', ARGV[2]) end
local function known(name, n)
  if n > tonumber(redis.call('HGET', rescue, name) or 0) then redis.call('HSET', rescue, name, int(n)) end
end
if tonumber(ARGV[3]) > head then known('upTo', tonumber(ARGV[3])) end
for i = 4, #ARGV, 2 do
  if tonumber(ARGV[i]) > head then redis.call('HSETNX', rescue, ARGV[i], ARGV[i + 1]) end
end
merge()
keep()
return 1
`);

/**
 * KEYS: log, meta, marks, rescue, epoch. ARGV: who the server is, how much room is left for those who come late, a block id, the
 * moment, the header of a skip. What nobody holds is skipped. Answers the first and last offsets of what is lost.
 */
export const openScript: Script = script(`${before}
local skipped = {}
if redis.call('EXISTS', rescue) == 0 then return skipped end
local function skip(upTo, isLost)
  local count = upTo - head
  if count <= 0 then return end
  local header = string.gsub(ARGV[5], '${countMark}', int(count))
  local name = 'skip-' .. ARGV[3] .. '-' .. int(upTo)
  if isLost then
    skipped[#skipped + 1] = int(head + 1)
    skipped[#skipped + 1] = int(upTo)
  end
  put({ '', '0', name, int(upTo), 'control', '', '2', ARGV[4], 'producer', 'busline', 'sequence', '0', 'block', name, 'at', ARGV[4], 'count', int(count), 'size', '2', 'header', header, 'body', '[]' })
end
merge()
while true do
  local lowest
  for _, name in ipairs(redis.call('HKEYS', rescue)) do
    local first = tonumber(name)
    if first and first <= head then redis.call('HDEL', rescue, name)
    elseif first and (not lowest or first < lowest) then lowest = first end
  end
  if not lowest then break end
  skip(lowest - 1, true)
  merge()
end
skip(tonumber(redis.call('HGET', rescue, 'upTo') or 0), true)
skip(head + tonumber(ARGV[2]), false)
redis.call('DEL', rescue)
keep()
return skipped
`);
