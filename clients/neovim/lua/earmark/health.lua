--- `:checkhealth earmark`

local M = {}

local function check_server(command)
  local serve = vim.fn.index(command, "serve")
  local asked = vim.list_extend(vim.list_slice(command, 1, serve), { "--version" })
  local ok, done = pcall(function()
    return vim.system(asked, { text = true, timeout = 5000 }):wait()
  end)
  if ok and done.code == 0 then
    vim.health.ok(("%s: %s"):format(command[1], vim.trim(done.stdout)))
  else
    local said = ok and vim.trim(done.stderr) or tostring(done)
    local advice = "Install Earmark in that Python, or name another one"
    vim.health.error(("%s cannot serve: %s"):format(command[1], said), advice)
  end
end

function M.check()
  vim.health.start("Earmark")
  if vim.fn.has("nvim-0.10") == 0 then
    return vim.health.error("Neovim 0.10 or newer is needed")
  end
  local earmark = require("earmark")
  local command, problem = require("earmark.server").command(earmark.options)
  if not command then
    return vim.health.error(problem, "See :help earmark-setup")
  end
  check_server(command)
  local clients = vim.lsp.get_clients({ name = "earmark" })
  if #clients == 0 then
    return vim.health.warn("The server does not run", "Open a file; then see the file of :lua =vim.lsp.get_log_path()")
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    vim.health.ok(("The server runs for %s (%d buffers, %s)"):format(client.root_dir, buffers, client.offset_encoding))
  end
end

return M
