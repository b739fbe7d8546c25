--- Reports accepted completions. Neovim has no event for one, so the function that accepts it is wrapped.

local server = require("earmark.server")

local M = {}

local space = vim.api.nvim_create_namespace("earmark.insertion")
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

--- Says that an assistant's text stands from `from` to `to` (0-based {line, byte column}, end excluded) in the buffer now.
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
  return n + vim.str_utf_start(b .. "\0", n + 1)
end

--- Watches the insertions into `buffer`; the returned function ends that and gives their extmarks.
local function watch(buffer)
  local before = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), "\n") .. "\n"
  local marks, done = {}, false
  vim.api.nvim_buf_attach(buffer, false, {
    on_bytes = function(_, _, _, row, column, offset, _, _, old, new_row, new_column, new)
      if done then
        return true
      end
      local from, to = { row, column }, { row + new_row, new_row == 0 and column + new_column or new_column }
      local text = new > 0 and table.concat(vim.api.nvim_buf_get_text(buffer, from[1], from[2], to[1], to[2], {}), "\n") or ""
      local replaced = before:sub(offset + 1, offset + old)
      before = before:sub(1, offset) .. text .. before:sub(offset + old + 1)
      -- A completion often repeats what was typed and adds to it.
      local head = shared_head(replaced, text)
      if head >= #text then
        return
      end
      local kept = vim.split(text:sub(1, head), "\n", { plain = true })
      from = { row + #kept - 1, #kept == 1 and column + #kept[1] or #kept[#kept] }
      marks[#marks + 1] = vim.api.nvim_buf_set_extmark(buffer, space, from[1], from[2], {
        end_row = to[1],
        end_col = to[2],
        right_gravity = true,
        end_right_gravity = false,
        undo_restore = false,
      })
    end,
  })
  return function()
    done = true
    return marks
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
      for _, mark in ipairs(finish()) do
        local found = vim.api.nvim_buf_get_extmark_by_id(buffer, space, mark, { details = true })
        vim.api.nvim_buf_del_extmark(buffer, space, mark)
        if found[3] and (found[1] ~= found[3].end_row or found[2] ~= found[3].end_col) then
          M.inserted(buffer, { found[1], found[2] }, { found[3].end_row, found[3].end_col }, author)
        end
      end
    end)
    if not results[1] then
      error(results[2], 0)
    end
    return unpack(results, 2, results.n)
  end
end

return M
