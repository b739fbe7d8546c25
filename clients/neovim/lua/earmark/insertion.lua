--- Reports accepted completions. Neovim has no event for one, so the function that accepts it is wrapped.

local server = require("earmark.server")

local M = {}

--- One session for each run of Neovim: a completion has no conversation of its own.
local session = ("inline-%x-%x"):format(vim.uv.os_getpid(), vim.uv.hrtime())

---@class earmark.Author
---@field tool string slug, as it shall stand in Assisted-by
---@field model string?
---@field session string?
---@field kind "completion"|"chat"|"agent"|nil

--- The range of the protocol for 0-based byte positions.
local function protocol_range(client, buffer, from, to)
  local function position(place)
    local line = vim.api.nvim_buf_get_lines(buffer, place[1], place[1] + 1, false)[1] or ""
    local column = math.min(place[2], #line)
    if client.offset_encoding == "utf-8" then
      return { line = place[1], character = column }
    end
    local utf32, utf16 = vim.str_utfindex(line:sub(1, column))
    return { line = place[1], character = client.offset_encoding == "utf-16" and utf16 or utf32 }
  end
  return { start = position(from), ["end"] = position(to) }
end

--- Says that an assistant's text stands from `from` to `to` in the buffer now (0-based {line, byte column}, end excluded).
---@param buffer integer
---@param from integer[]
---@param to integer[]
---@param author earmark.Author
---@return boolean sent
function M.inserted(buffer, from, to, author)
  assert(type(author) == "table" and type(author.tool) == "string", "earmark: the author needs a tool")
  local client = server.client(buffer)
  if not client then
    return false
  end
  server.call(client, "notify", "earmark/didInsert", {
    textDocument = { uri = vim.uri_from_bufnr(buffer), version = vim.lsp.util.buf_versions[buffer] },
    range = protocol_range(client, buffer, from, to),
    tool = author.tool,
    model = author.model or "unknown",
    session = author.session or session,
    kind = author.kind or "completion",
  })
  return true
end

--- Bytes that two texts share at their start, never ending inside a character.
local function shared_head(a, b)
  local n = 0
  while n < #a and n < #b and a:byte(n + 1) == b:byte(n + 1) do
    n = n + 1
  end
  return n < #b and n + vim.str_utf_start(b, n + 1) or n
end

--- Bytes that two texts share at their end, never beginning inside a character.
local function shared_tail(a, b)
  local n = 0
  while n < #a and n < #b and a:byte(#a - n) == b:byte(#b - n) do
    n = n + 1
  end
  while n > 0 and vim.str_utf_start(b, #b - n + 1) < 0 do
    n = n - 1
  end
  return n
end

--- Moves a span of bytes along with a change at `offset`; what overlaps it becomes one with it, and true is returned.
local function follow(span, offset, old, new)
  if span.first >= offset + old then
    span.first, span.last = span.first + new - old, span.last + new - old
  elseif span.last > offset then
    span.first = math.min(span.first, offset)
    span.last = math.max(span.last, offset + old) + new - old
    return true
  end
end

--- The 0-based {line, byte column} of a byte offset.
local function place_of(text, offset)
  local before = text:sub(1, offset)
  local _, line = before:gsub("\n", "")
  return { line, #before:match("[^\n]*$") }
end

--- Watches what is inserted into `buffer`; the returned function ends that and gives the text and the spans in it.
---
--- Spans are moved along here: an extmark set during the event would itself be moved by the change it stands for.
local function watch(buffer)
  local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), "\n") .. "\n"
  local spans, done = {}, false
  vim.api.nvim_buf_attach(buffer, false, {
    on_bytes = function(_, _, _, row, column, offset, _, _, old, new_row, new_column, new)
      if done then
        return true
      end
      local added = ""
      if new > 0 then
        local last = new_row == 0 and column + new_column or new_column
        local lines = vim.api.nvim_buf_get_lines(buffer, row, row + new_row + 1, false)
        lines[new_row + 1] = (lines[new_row + 1] or ""):sub(1, last)
        added = table.concat(lines, "\n"):sub(column + 1)
      end
      local replaced = text:sub(offset + 1, offset + old)
      text = text:sub(1, offset) .. added .. text:sub(offset + old + 1)
      local joined = false
      for _, span in ipairs(spans) do
        joined = follow(span, offset, old, new) or joined
      end
      -- A completion often repeats what was typed and adds to it.
      local head = shared_head(replaced, added)
      local tail = shared_tail(replaced:sub(head + 1), added:sub(head + 1))
      if not joined and head + tail < #added then
        spans[#spans + 1] = { first = offset + head, last = offset + #added - tail }
      end
    end,
  })
  return function()
    done = true
    return text, spans
  end
end

--- Wraps `accept`, the function that accepts a completion, so that what it inserts is reported as `author`'s.
---
--- An insertion that `accept` schedules counts as well: those run before the check.
---@param accept function
---@param author earmark.Author
---@return function
function M.accepting(accept, author)
  return function(...)
    local buffer = vim.api.nvim_get_current_buf()
    local finish = watch(buffer)
    local results = vim.F.pack_len(pcall(accept, ...))
    vim.schedule(function()
      local text, spans = finish()
      for _, span in ipairs(spans) do
        M.inserted(buffer, place_of(text, span.first), place_of(text, span.last), author)
      end
    end)
    if not results[1] then
      error(results[2], 0)
    end
    return unpack(results, 2, results.n)
  end
end

return M
