-- Starts Earmark with what stands in vim.g.earmark; `vim.g.earmark = false` keeps it off.
if vim.g.loaded_earmark or vim.g.earmark == false then
  return
end
vim.g.loaded_earmark = true
require("earmark").setup(vim.g.earmark or {})
