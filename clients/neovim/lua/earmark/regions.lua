--- Draws AI regions as signs, and keeps what the server last said of each buffer.

local server = require("earmark.server")

local M = {}

local space = vim.api.nvim_create_namespace("earmark.regions")
--- None is near red, orange, yellow or green: those say error, warning, and what git changed.
local COLOURS = { "#8b7cf6", "#2aa198", "#4c9be8", "#d6619f", "#6d83c4", "#a45fbf", "#3fa7c4", "#b88ae0" }
--- How long after the last change regions are asked for, when the server saw nothing worth a notice itself.
local IDLE_MS = 300

local known = {} ---@type table<integer, {regions: table[], removals: table[]}>
local asking = {} ---@type table<integer, boolean>
local colours = {} ---@type table<string, integer>
local shown = true

function M.highlights()
  for n, colour in ipairs(COLOURS) do
    vim.api.nvim_set_hl(0, "EarmarkSession" .. n, { fg = colour, default = true })
    vim.api.nvim_set_hl(0, "EarmarkLine" .. n, { link = "CursorLine", default = true })
  end
end

--- Sessions take colours in the order in which they are seen; the ninth begins anew.
local function colour_of(session)
  if not colours[session] then
    colours[session] = vim.tbl_count(colours) % #COLOURS + 1
  end
  return colours[session]
end

--- First and last line, 0-based; a region that ends at the start of a line does not reach into it.
local function lines_of(region)
  local first, last = region.range.start.line, region.range["end"].line
  if region.range["end"].character == 0 and last > first then
    last = last - 1
  end
  return first, last
end

--- The 0-based lines that hold AI text, each with its session.
local function ai_lines(regions)
  local lines = {}
  for _, region in ipairs(regions) do
    if region.kind == "ai" then
      local first, last = lines_of(region)
      for line = first, last do
        lines[line] = region.session
      end
    end
  end
  return lines
end

local function draw(buffer)
  local options = require("earmark").options
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  if not (shown and options.signs and known[buffer]) then
    return
  end
  local last = vim.api.nvim_buf_line_count(buffer) - 1
  for line, session in pairs(ai_lines(known[buffer].regions)) do
    if line <= last then
      local n = colour_of(session)
      vim.api.nvim_buf_set_extmark(buffer, space, line, 0, {
        sign_text = options.sign,
        sign_hl_group = "EarmarkSession" .. n,
        line_hl_group = options.line_highlight and "EarmarkLine" .. n or nil,
        priority = 5,
      })
    end
  end
end

--- Asks the server for the regions of `buffer`; an answer that the text has overtaken is asked for again.
function M.refresh(buffer)
  local client = server.client(buffer)
  if not client then
    return
  end
  if asking[buffer] then
    asking[buffer] = "again"
    return
  end
  asking[buffer] = true
  local params = { textDocument = { uri = vim.uri_from_bufnr(buffer) } }
  local sent = server.call(client, "request", "earmark/regions", params, function(failed, answer)
    local again = asking[buffer] == "again"
    asking[buffer] = nil
    if not vim.api.nvim_buf_is_loaded(buffer) or failed then
      return
    end
    if answer.version == vim.lsp.util.buf_versions[buffer] then
      known[buffer] = answer
      draw(buffer)
      vim.api.nvim_exec_autocmds("User", { pattern = "EarmarkRegions", data = { buf = buffer } })
    elseif answer.version ~= vim.NIL and answer.version ~= nil then
      again = true
    end
    if again then
      M.refresh(buffer)
    end
  end, buffer)
  if not sent then
    asking[buffer] = nil
  end
end

function M.on_changed(_, params)
  local buffer = vim.fn.bufnr(vim.uri_to_fname(params.uri))
  if buffer > 0 and vim.api.nvim_buf_is_loaded(buffer) then
    M.refresh(buffer)
  end
  return vim.NIL
end

--- Follows one buffer. Extmarks move with the text by themselves; the rest is asked when typing pauses.
function M.attach(buffer)
  local idle = assert(vim.uv.new_timer())
  local group = vim.api.nvim_create_augroup("earmark.regions." .. buffer, {})
  vim.api.nvim_create_autocmd({ "TextChanged", "TextChangedI" }, {
    group = group,
    buffer = buffer,
    callback = function()
      idle:start(IDLE_MS, 0, vim.schedule_wrap(function()
        M.refresh(buffer)
      end))
    end,
  })
  vim.api.nvim_create_autocmd({ "BufUnload", "LspDetach" }, {
    group = group,
    buffer = buffer,
    callback = function(event)
      if event.event == "LspDetach" and vim.lsp.get_client_by_id(event.data.client_id).name ~= "earmark" then
        return
      end
      idle:stop()
      known[buffer], asking[buffer] = nil, nil
      vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
    end,
  })
  M.refresh(buffer)
end

--- Forgets everything the server said; it has gone.
function M.clear_all()
  for buffer in pairs(known) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
    end
  end
  known, asking = {}, {}
end

function M.toggle()
  shown = not shown
  for buffer in pairs(known) do
    draw(buffer)
  end
end

local function number_of(buffer)
  return (buffer == nil or buffer == 0) and vim.api.nvim_get_current_buf() or buffer
end

--- What the server last said of a buffer (nil or 0: the current one): a list of regions, empty before it said anything.
function M.of(buffer)
  local said = known[number_of(buffer)]
  return said and said.regions or {}
end

--- Puts the cursor on the first line of the next AI region (`step` 1) or the one before (-1), going round.
function M.jump(step)
  local starts = {}
  for _, region in ipairs(M.of()) do
    if region.kind == "ai" then
      starts[#starts + 1] = region.range.start.line + 1
    end
  end
  if #starts == 0 then
    return vim.notify("Earmark: no AI region in this file")
  end
  table.sort(starts, function(a, b)
    return a * step < b * step
  end)
  local line = vim.api.nvim_win_get_cursor(0)[1]
  for _, start in ipairs(starts) do
    if start * step > line * step then
      return vim.api.nvim_win_set_cursor(0, { start, 0 })
    end
  end
  vim.api.nvim_win_set_cursor(0, { starts[1], 0 })
end

--- "AI 8/17", with the removed lines if there are any; empty for a file that no assistant touched.
function M.summary(buffer)
  buffer = number_of(buffer)
  local said = known[buffer]
  if not said then
    return ""
  end
  local removed = 0
  for _, removal in ipairs(said.removals or {}) do
    removed = removed + removal.lines
  end
  local lines = vim.tbl_count(ai_lines(said.regions))
  if lines == 0 and removed == 0 then
    return ""
  end
  local text = ("AI %d/%d"):format(lines, vim.api.nvim_buf_line_count(buffer))
  return removed > 0 and ("%s −%d"):format(text, removed) or text
end

return M
