" Earmark for Vim 9 with ALE: the server as a linter for every file type, and its commands.
if exists('g:loaded_earmark') || !has('vim9script')
  finish
endif
let g:loaded_earmark = 1

" What the server says when it has done something is shown; ALE shows errors only by default.
let g:ale_lsp_show_message_severity = get(g:, 'ale_lsp_show_message_severity', 'information')

augroup earmark
  autocmd!
  " Before ALE looks for the linters of the file.
  autocmd FileType * call earmark#define(expand('<amatch>'))
augroup END

command! -range EarmarkTag call earmark#tag()
command! -range EarmarkReview call earmark#execute('earmark.requestReview', earmark#place(<line1>, <line2>))
command! -range EarmarkExplain call earmark#execute('earmark.explainRule', earmark#place(<line1>, <line2>))
command! -range -nargs=+ -complete=customlist,earmark#kinds EarmarkMark call earmark#mark(<line1>, <line2>, <q-args>)
command! EarmarkQueue call earmark#queue()
