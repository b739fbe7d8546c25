--- Earmark for Neovim 0.10 and newer. Thin: what the server can know or decide is asked of it.

local M = {}

---@class earmark.Options
---@field interpreter string? absolute path of a Python in which Earmark is installed
---@field path string? absolute path of the `earmark` program
---@field signs boolean mark the lines of AI regions in the sign column
---@field sign string one or two cells
---@field line_highlight boolean also colour the lines
---@field settings table what the server reads: minimumSeverity, codeLens
local defaults = {
  signs = true,
  sign = "▎",
  line_highlight = false,
  settings = {},
}

M.options = vim.deepcopy(defaults)

--- The worktree a buffer belongs to. A commit message lies in git's own folder, so there git's working folder counts.
local function root_of(buffer)
  if vim.bo[buffer].filetype == "gitcommit" then
    return vim.fs.root(vim.fn.getcwd(), ".git") or vim.fn.getcwd()
  end
  return vim.fs.root(buffer, ".git") or vim.fs.dirname(vim.api.nvim_buf_get_name(buffer))
end

--- What both ways of starting a server take.
local function config(command)
  local regions = require("earmark.regions")
  return {
    name = "earmark",
    cmd = command,
    capabilities = vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), {
      experimental = { earmark = { decorations = M.options.signs } },
      -- 0.10 shows lenses without saying so.
      textDocument = { codeLens = { dynamicRegistration = false } },
    }),
    settings = { earmark = next(M.options.settings) and M.options.settings or vim.empty_dict() },
    -- At once: a version that was merged away with the next could not be named by `earmark/didInsert`.
    flags = { debounce_text_changes = 0 },
    handlers = {
      ["earmark/regionsChanged"] = regions.on_changed,
      -- The queue is a list of the moment in which it was asked for.
      ["earmark/changeChanged"] = function()
        return vim.NIL
      end,
    },
    commands = require("earmark.commands").of_server(),
    on_attach = function(_, buffer)
      regions.attach(buffer)
    end,
    on_exit = function()
      vim.schedule(regions.clear_all)
    end,
  }
end

local function start_by_filetype(client)
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("earmark.start", {}),
    callback = function(event)
      if vim.bo[event.buf].buftype == "" and vim.api.nvim_buf_get_name(event.buf) ~= "" then
        vim.lsp.start(vim.tbl_extend("force", client, { root_dir = root_of(event.buf) }), { bufnr = event.buf })
      end
    end,
  })
end

--- Configures Earmark and starts it with the next file; what is missing is said once. May be called again.
---@param options earmark.Options?
function M.setup(options)
  M.options = vim.tbl_deep_extend("force", defaults, options or {})
  require("earmark.commands").register()
  require("earmark.regions").highlights()
  local command, problem = require("earmark.server").command(M.options)
  M.problem = problem
  if not command then
    vim.schedule(function()
      vim.notify("Earmark is not running. " .. problem .. " See :checkhealth earmark", vim.log.levels.WARN)
    end)
    return
  end
  local client = config(command)
  if vim.lsp.config == nil then
    return start_by_filetype(client)
  end
  client.root_dir = function(buffer, found)
    if vim.api.nvim_buf_get_name(buffer) ~= "" then
      found(root_of(buffer))
    end
  end
  vim.lsp.config("earmark", client)
  vim.lsp.enable("earmark")
end

--- "AI 8/17" for a status line; empty for a file that no assistant touched.
---@param buffer integer? 0 or nil: the current one
---@return string
function M.statusline(buffer)
  return require("earmark.regions").summary(buffer)
end

--- Reports text that an assistant inserted and a person accepted. See |earmark.inserted()|.
M.inserted = function(...)
  return require("earmark.insertion").inserted(...)
end

--- Wraps the function that accepts a completion. See |earmark.accepting()|.
M.accepting = function(...)
  return require("earmark.insertion").accepting(...)
end

return M
