@echo off
rem whygrad on Windows, from a checkout: see the file whygrad for what it does.
rem The outer quotes in "for" are for cmd, which strips one pair when a command has several.
setlocal
set "root=%~dp0"
set "python="
if defined WHYGRAD_PYTHON call :try "%WHYGRAD_PYTHON%"
if not defined python call :try py -3
if not defined python call :try python
if not defined python call :try python3
if not defined python (
    echo whygrad: no Python 3.11 or newer was found on PATH. 1>&2
    echo   Fix: install one, or name one:  set WHYGRAD_PYTHON=C:\path\to\python.exe 1>&2
    exit /b 2
)
set "environment="
for /f "usebackq delims=" %%p in (`"%python% -I "%root%tools\environment.py" run"`) do (
    if not defined environment (set "environment=%%p") else (set "PYTHONPYCACHEPREFIX=%%p")
)
if not defined environment exit /b 2
"%environment%" -P -X utf8 "%root%src\whygrad\__main__.py" %*
exit /b %errorlevel%

:try
%* -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && set "python=%*"
exit /b 0
