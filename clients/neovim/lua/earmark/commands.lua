--- `:Earmark…`, and what a person must still say when a code action calls one of the server's commands.

local server = require("earmark.server")

local M = {}

local function complain(message)
  vim.notify("Earmark: " .. message, vim.log.levels.ERROR)
end

--- Runs a command of the server, which says itself what it did; a page it answers with is shown.
local function execute(buffer, command, argument)
  local client = server.client(buffer)
  if not client then
    return complain(require("earmark").problem or "the server does not run for this buffer; see :checkhealth earmark")
  end
  local params = { command = command, arguments = { argument } }
  server.call(client, "request", "workspace/executeCommand", params, function(failed, answer)
    if failed then
      return complain(failed.message)
    end
    if type(answer) == "table" and answer.page then
      vim.lsp.util.open_floating_preview(vim.split(vim.trim(answer.page), "\n"), "markdown", { focus_id = command })
    end
  end, buffer)
end

--- Lines `first` to `last` (1-based, inclusive) of a buffer as the server's commands take a place.
local function place(buffer, first, last)
  return {
    uri = vim.uri_from_bufnr(buffer),
    version = vim.lsp.util.buf_versions[buffer],
    range = { start = { line = first - 1, character = 0 }, ["end"] = { line = last, character = 0 } },
  }
end

--- Asks for what is missing, one question after the other, then runs the command.
local function ask_and_execute(buffer, command, argument)
  if command == "earmark.markRegion" and not argument.kind then
    return vim.ui.select({ "human", "ai" }, { prompt = "Who wrote these lines?" }, function(kind)
      if kind then
        ask_and_execute(buffer, command, vim.tbl_extend("force", argument, { kind = kind }))
      end
    end)
  end
  if argument.reason and argument.reason ~= "" then
    return execute(buffer, command, argument)
  end
  vim.ui.input({ prompt = "Why? (kept with the record) " }, function(reason)
    if reason and reason ~= "" then
      execute(buffer, command, vim.tbl_extend("force", argument, { reason = reason }))
    end
  end)
end

--- Handlers for the server's commands when a code action or a lens calls them.
function M.of_server()
  local function asking(command, context)
    ask_and_execute(context.bufnr, command.command, command.arguments[1])
  end
  return {
    ["earmark.markRegion"] = asking,
    ["earmark.suppressFinding"] = asking,
    ["earmark.explainRule"] = function(command, context)
      execute(context.bufnr, command.command, command.arguments[1])
    end,
  }
end

local function here(command)
  return function(given)
    local buffer = vim.api.nvim_get_current_buf()
    execute(buffer, command, place(buffer, given.line1, given.line2))
  end
end

local function mark(given)
  local buffer = vim.api.nvim_get_current_buf()
  local kind, reason = given.args:match("^(%S+)%s*(.*)$")
  if kind ~= "ai" and kind ~= "human" then
    return complain("say :EarmarkMark ai or :EarmarkMark human, then why")
  end
  local argument = vim.tbl_extend("force", place(buffer, given.line1, given.line2), { kind = kind, reason = reason })
  ask_and_execute(buffer, "earmark.markRegion", argument)
end

function M.register()
  local function command(name, does, options)
    vim.api.nvim_create_user_command("Earmark" .. name, does, options)
  end
  command("Tag", here("earmark.tagCommit"), { range = true, desc = "Write the provenance trailers of the next commit" })
  command("Review", here("earmark.requestReview"), { range = true, desc = "Request the review this change needs" })
  command("Explain", here("earmark.explainRule"), { range = true, desc = "Explain the risk on this line" })
  command("Mark", mark, {
    range = true,
    nargs = "+",
    desc = "Mark lines as written by ai or human, with a reason",
    complete = function()
      return { "ai", "human" }
    end,
  })
  command("Queue", function()
    require("earmark.queue").open(vim.api.nvim_get_current_buf())
  end, { desc = "List what there is to look at in this change" })
  command("Next", function()
    require("earmark.regions").jump(1)
  end, { desc = "Go to the next AI region" })
  command("Previous", function()
    require("earmark.regions").jump(-1)
  end, { desc = "Go to the AI region before" })
  command("Toggle", function()
    require("earmark.regions").toggle()
  end, { desc = "Show or hide the signs of AI regions" })
end

return M
