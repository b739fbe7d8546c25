;;; earmark.el --- Which lines an AI assistant wrote, and what is risky about them  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, vc
;; URL: https://github.com/earmark/earmark
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Marks the lines that an assistant wrote in the fringe (in the margin of a terminal), each session in a colour of its
;; own, and has commands for what Earmark's language server can do: the trailers of a commit, the review it needs, why
;; a line is risky, and who wrote it.  Works on top of eglot or lsp-mode, whichever serves the buffer:
;;
;;     (require 'earmark)
;;     (setq earmark-python "/home/me/.venvs/earmark/bin/python")
;;     (earmark-setup)
;;
;; and then `eglot' or `lsp' as ever.  lsp-mode runs Earmark beside the language's own server.  eglot runs one server a
;; buffer; Earmark is offered for the modes in `earmark-eglot-modes'.

;;; Code:

(require 'earmark-regions)
(require 'earmark-server)
(require 'grep)
(require 'seq)
(require 'url-parse)
(require 'url-util)

(declare-function eglot-ensure "eglot")
(declare-function lsp "lsp-mode")
(defvar git-commit-major-mode)

(defgroup earmark nil
  "Which lines an AI assistant wrote."
  :group 'tools
  :prefix "earmark-")

(defcustom earmark-eglot-modes '(earmark-commit-mode)
  "Major modes for which eglot starts Earmark, in place of another server."
  :type '(repeat symbol))

;;;; Commands

(defun earmark--execute (command argument)
  "Run COMMAND of the server with ARGUMENT.
It says itself what it did; a page it answers with is shown."
  (earmark--request "workspace/executeCommand" (list :command command :arguments (vector argument))
                    (lambda (said)
                      (when-let ((page (plist-get said :page)))
                        (with-help-window "*earmark*"
                          (princ page))))))

(defun earmark--place ()
  "The lines of the region, or the current line, as commands take a place."
  (let* ((first (line-number-at-pos (if (use-region-p) (region-beginning) (point)) t))
         (end (if (use-region-p) (region-end) (point)))
         (last (line-number-at-pos end t))
         (whole (save-excursion (goto-char end) (and (use-region-p) (bolp) (> last first)))))
    (list :uri (plist-get (earmark--document) :uri)
          :range (list :start (list :line (1- first) :character 0)
                       :end (list :line (if whole (1- last) last) :character 0)))))

(defun earmark-tag ()
  "Write the trailers: into this commit message, else into the next commit."
  (interactive)
  (earmark--execute "earmark.tagCommit" (list :uri (plist-get (earmark--document) :uri))))

(defun earmark-review ()
  "Request the review that this change needs."
  (interactive)
  (earmark--execute "earmark.requestReview" (list :uri (plist-get (earmark--document) :uri))))

(defun earmark-explain ()
  "Explain the risk on this line, with examples."
  (interactive)
  (earmark--execute "earmark.explainRule" (earmark--place)))

(defun earmark-mark (kind reason)
  "Say that KIND, \"ai\" or \"human\", wrote the region's lines or this line.
REASON says why that is so; it is kept."
  (interactive (list (completing-read "Who wrote these lines? " '("human" "ai") nil t)
                     (read-string "Why? (kept with the record) ")))
  (when (string-blank-p reason)
    (user-error "Earmark: a reason is needed"))
  (earmark--execute "earmark.markRegion" (append (earmark--place) (list :kind kind :reason reason))))

(defun earmark-next (&optional backward)
  "Go to the next AI region, round the end of the buffer.
With BACKWARD go to the one before."
  (interactive "P")
  (let* ((starts (mapcar (lambda (region) (car (earmark--lines region))) (earmark--ai-regions)))
         (here (line-number-at-pos nil t))
         (beyond (if backward
                     (seq-filter (lambda (line) (< line here)) (reverse starts))
                   (seq-filter (lambda (line) (> line here)) starts)))
         (line (or (car beyond) (if backward (car (last starts)) (car starts)))))
    (unless line
      (user-error "Earmark: no AI region in this buffer"))
    (goto-char (point-min))
    (forward-line (1- line))))

(defun earmark-previous ()
  "Go to the AI region before this one."
  (interactive)
  (earmark-next t))

(defun earmark-queue ()
  "List what there is to look at in this change, the riskiest file first.
`next-error' visits it."
  (interactive)
  (earmark--request
   "earmark/change" (list :textDocument (earmark--document))
   (lambda (said)
     (let ((lines (earmark--queue-lines said))
           (top (and (plist-get said :root) (url-unhex-string (url-filename (url-generic-parse-url (plist-get said :root)))))))
       (if (null lines)
           (message "Earmark: nothing to look at in this change")
         (with-current-buffer (get-buffer-create "*earmark queue*")
           (let ((inhibit-read-only t))
             (erase-buffer)
             (insert (string-join lines "\n") "\n"))
           (setq default-directory (file-name-as-directory (decode-coding-string top 'utf-8)))
           (goto-char (point-min))
           (grep-mode)
           (display-buffer (current-buffer))))))))

(defun earmark--queue-lines (change)
  "A line \"FILE:LINE: what\" for each finding and each other region of CHANGE."
  (cl-loop
   for file in (plist-get change :files) nconc
   (cl-loop
    for region in (plist-get file :regions)
    for who = (format "%s:%s" (plist-get region :tool) (plist-get region :model))
    nconc
    (or (cl-loop for finding in (plist-get region :findings)
                 collect (format "%s:%d: %s %s: %s" (plist-get file :path) (plist-get finding :line)
                                 (plist-get finding :severity) (plist-get finding :rule) (plist-get finding :message)))
        (list (if (zerop (plist-get region :removed))
                  (format "%s:%d: %d lines by AI (%s)" (plist-get file :path) (plist-get region :start)
                          (1+ (- (plist-get region :end) (plist-get region :start))) who)
                (format "%s:%d: AI removed %d lines (%s)" (plist-get file :path) (max 1 (plist-get region :start))
                        (plist-get region :removed) who)))))))

(defun earmark-toggle ()
  "Show or hide the marks of AI regions."
  (interactive)
  (setq earmark--shown (not earmark--shown))
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (bound-and-true-p earmark-mode)
        (earmark--draw)))))

;;;; Completions

(defvar earmark--session (format "inline-%x-%x" (emacs-pid) (truncate (float-time)))
  "One session for each run of Emacs: a completion has no conversation.")

(defun earmark-inserted (start end author)
  "Report that AUTHOR wrote from START to END and a person accepted it.
AUTHOR is a property list: `:tool' as it shall stand in Assisted-by, and
`:model', `:session', `:kind' if known."
  (when (or (earmark--eglot) (earmark--workspace))
    (earmark--notify-inserted
     start end
     (list :tool (plist-get author :tool)
           :model (or (plist-get author :model) "unknown")
           :session (or (plist-get author :session) earmark--session)
           :kind (or (plist-get author :kind) "completion")))))

(defun earmark-accepting (function author)
  "Report what FUNCTION inserts as written by AUTHOR (see `earmark-inserted').
FUNCTION is a symbol that accepts a completion."
  (advice-add
   function :around
   (lambda (accept &rest arguments)
     (let* ((spans nil)
            (seen (lambda (start end _)
                    (when (> end start)
                      (push (cons (copy-marker start) (copy-marker end)) spans)))))
       (add-hook 'after-change-functions seen nil t)
       (unwind-protect (apply accept arguments)
         (remove-hook 'after-change-functions seen t)
         (pcase-dolist (`(,start . ,end) spans)
           (earmark-inserted start end author)))))
   '((name . earmark))))

;;;; Commit messages

;;;###autoload
(define-derived-mode earmark-commit-mode text-mode "Commit message"
  "A commit message, checked against what the commit has to declare."
  (setq-local comment-start "# ")
  (setq fill-column 72))

(put 'earmark-commit-mode 'eglot-language-id "git-commit")

(defun earmark-start ()
  "Start Earmark for this buffer.
Where lsp-mode is loaded it serves the buffer, else eglot."
  (interactive)
  (if (featurep 'lsp-mode) (lsp) (eglot-ensure)))

;;;###autoload
(defun earmark-setup ()
  "Make Earmark known to eglot and lsp-mode, whichever is used.
Commit messages are opened with it."
  (add-to-list 'auto-mode-alist '("/COMMIT_EDITMSG\\'" . earmark-commit-mode))
  (setq-default git-commit-major-mode 'earmark-commit-mode)
  (add-hook 'earmark-commit-mode-hook #'earmark-start)
  (with-eval-after-load 'eglot (earmark--know-eglot earmark-eglot-modes #'earmark--turn-on))
  (with-eval-after-load 'lsp-mode (earmark--know-lsp-mode #'earmark--turn-on)))

(provide 'earmark)
;;; earmark.el ends here
