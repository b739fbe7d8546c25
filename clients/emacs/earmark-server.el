;;; earmark-server.el --- How Earmark's server is started and spoken to  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; The one file that knows eglot from lsp-mode.  Some of their functions that it needs are not public; they are called
;; where both the versions of Debian 12 and 13 have them, and tests/editors runs those.

;;; Code:

(require 'cl-lib)
(require 'subr-x)

;; A file or directory must not choose the program that runs: none of these is a safe local variable.
(defcustom earmark-python (getenv "EARMARK_PYTHON")
  "Absolute name of a Python in which Earmark is installed."
  :type '(choice (const nil) file)
  :risky t
  :group 'earmark)

(defcustom earmark-program nil
  "Absolute name of the `earmark' program; used when `earmark-python' is nil."
  :type '(choice (const nil) file)
  :risky t
  :group 'earmark)

(defcustom earmark-options nil
  "What the server reads, a property list: `:minimumSeverity', `:codeLens'."
  :type 'plist
  :group 'earmark)

(defun earmark-server-command (&rest _)
  "The command line of the server; an error says what is missing.
The search path is not looked at, and what is configured is never
silently replaced."
  (let ((chosen (or earmark-python earmark-program)))
    (cond
     ((not chosen)
      (user-error "Earmark: set `earmark-python' to a Python (3.11 or newer) in which Earmark is installed"))
     ((not (file-name-absolute-p chosen))
      (user-error "Earmark: \"%s\" must be an absolute file name" chosen))
     ((not (file-executable-p chosen))
      (user-error "Earmark: \"%s\" is not there, or cannot be run" chosen))
     ;; -P keeps the current folder out of the import path: it may hold a hostile earmark.py.
     (earmark-python (list chosen "-P" "-m" "earmark" "serve" "--stdio"))
     (t (list chosen "serve" "--stdio")))))

(defun earmark--initialization-options (&rest _)
  "What the server is told at its start."
  (append (list :decorations t) earmark-options))

(declare-function eglot-managed-p "eglot")
(declare-function eglot-current-server "eglot")
(declare-function eglot--server-info "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")
(declare-function eglot--pos-to-lsp-position "eglot")
(declare-function eglot--TextDocumentIdentifier "eglot")
(declare-function eglot--VersionedTextDocumentIdentifier "eglot")
(declare-function jsonrpc-async-request "jsonrpc")
(declare-function jsonrpc-notify "jsonrpc")
(declare-function lsp-find-workspace "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-register-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp--point-to-position "lsp-mode")
(declare-function lsp--text-document-identifier "lsp-mode")
(declare-function lsp--versioned-text-document-identifier "lsp-mode")
(defvar eglot-server-programs)
(defvar lsp--cur-workspace)
(defvar lsp-language-id-configuration)
(declare-function earmark--regions-changed "earmark-regions")
(declare-function eglot-handle-notification "eglot")

(defun earmark--eglot ()
  "The eglot server of this buffer, if it is Earmark."
  (when (and (fboundp 'eglot-managed-p) (eglot-managed-p))
    (let ((server (eglot-current-server)))
      (when (and server (equal (plist-get (eglot--server-info server) :name) "earmark"))
        server))))

(defun earmark--workspace ()
  "The workspace of lsp-mode in which Earmark serves this buffer, or nil."
  (and (bound-and-true-p lsp-mode) buffer-file-name (lsp-find-workspace 'earmark buffer-file-name)))

(defun earmark--data (value)
  "VALUE of a message, with hash tables turned into property lists."
  (cond
   ((hash-table-p value)
    (let (plist)
      (maphash (lambda (key item)
                 (push (if (stringp key) (intern (concat ":" key)) key) plist)
                 (push (earmark--data item) plist))
               value)
      (nreverse plist)))
   ((vectorp value) (mapcar #'earmark--data value))
   ((and (listp value) (listp (cdr value))) (mapcar #'earmark--data value))
   (t value)))

(defun earmark--request (method params then &optional failed)
  "Send METHOD with PARAMS; call THEN with the answer in this buffer.
FAILED is called with the reason where there is no answer."
  (let* ((buffer (current-buffer))
         (here (lambda (does) (lambda (said) (when (buffer-live-p buffer) (with-current-buffer buffer (funcall does said))))))
         (answered (funcall here (lambda (said) (funcall then (earmark--data said)))))
         (refused (funcall here (lambda (said)
                                  (funcall (or failed #'earmark--complain)
                                           (or (plist-get (earmark--data said) :message) "no answer"))))))
    (if-let ((server (earmark--eglot)))
        (progn
          ;; eglot holds changes back for a while; what is asked is about the text as it is.
          (eglot--signal-textDocument/didChange)
          (jsonrpc-async-request server (intern method) params :success-fn answered :error-fn refused :timeout 120
                                 :timeout-fn (lambda () (funcall refused '(:message "the server does not answer")))))
      (let ((lsp--cur-workspace (or (earmark--workspace) (user-error "Earmark does not serve this buffer"))))
        (lsp-request-async method params answered :mode 'detached :error-handler refused)))))

(defun earmark--complain (message)
  "Show that something could not be done because of MESSAGE."
  (message "Earmark: %s" message))

(defun earmark--document ()
  "This buffer as messages name it."
  (if (earmark--eglot) (eglot--TextDocumentIdentifier) (lsp--text-document-identifier)))

(defun earmark--notify-inserted (start end author)
  "Tell the server that AUTHOR wrote the text from START to END.
AUTHOR is a property list of `earmark/didInsert'."
  (if-let ((server (earmark--eglot)))
      (progn
        (eglot--signal-textDocument/didChange)
        (jsonrpc-notify server 'earmark/didInsert
                        (append (list :textDocument (eglot--VersionedTextDocumentIdentifier)
                                      :range (list :start (eglot--pos-to-lsp-position start)
                                                   :end (eglot--pos-to-lsp-position end)))
                                author)))
    (let ((lsp--cur-workspace (earmark--workspace)))
      (lsp-notify "earmark/didInsert"
                  (append (list :textDocument (lsp--versioned-text-document-identifier)
                                :range (list :start (lsp--point-to-position start) :end (lsp--point-to-position end)))
                          author)))))

(defun earmark--know-eglot (modes turn-on)
  "Let eglot start Earmark for MODES.
TURN-ON is called in each buffer that eglot manages."
  (add-to-list 'eglot-server-programs
               (cons modes (lambda (&rest _)
                             (append (earmark-server-command)
                                     (list :initializationOptions (earmark--initialization-options))))))
  (add-hook 'eglot-managed-mode-hook turn-on)
  (cl-defmethod eglot-handle-notification (_server (_method (eql 'earmark/regionsChanged)) &key uri &allow-other-keys)
    (earmark--regions-changed uri))
  (cl-defmethod eglot-handle-notification (_server (_method (eql 'earmark/changeChanged)) &key &allow-other-keys)))

(defun earmark--know-lsp-mode (turn-on)
  "Let lsp-mode start Earmark beside the other servers of a file.
TURN-ON is called in each buffer that is served."
  (lsp-register-client
   (make-lsp-client
    ;; What is missing is said by the command itself, when it is to be started.
    :new-connection (lsp-stdio-connection #'earmark-server-command #'always)
    :activation-fn (lambda (file _mode) file)
    :server-id 'earmark
    :add-on? t
    :priority -5
    :initialization-options #'earmark--initialization-options
    :notification-handlers (earmark--table
                            "earmark/regionsChanged"
                            (lambda (_workspace said)
                              (earmark--regions-changed (plist-get (earmark--data said) :uri)))
                            "earmark/changeChanged" #'ignore)))
  (add-to-list 'lsp-language-id-configuration '(earmark-commit-mode . "git-commit"))
  (add-hook 'lsp-after-open-hook turn-on))

(defun earmark--table (&rest pairs)
  "A hash table of the keys and values in PAIRS."
  (let ((table (make-hash-table :test #'equal)))
    (cl-loop for (key value) on pairs by #'cddr do (puthash key value table))
    table))

(provide 'earmark-server)
;;; earmark-server.el ends here
