#Requires -Version 4
<#
.SYNOPSIS
Puts the certificates of this bundle into the stores of this PC. It can run unattended.

.DESCRIPTION
Start it as an administrator or as SYSTEM:

    powershell.exe -NoProfile -ExecutionPolicy Bypass -File install.ps1 -PasswordFile PATH

Use it as a start-up script of a group policy, a Win32 app of Intune or a program of SCCM, also from a 32-bit process.
A second run changes nothing and needs no password. An earlier certificate is removed by its thumbprint. This happens
only after the new one is in place with its key and Windows trusts its chain.

EXIT CODES
   0  the certificates are in place, now or already before
   1  something unexpected; see the log
   2  not started as an administrator or as SYSTEM
   3  no password: no file, an empty one, or nobody to type it
   4  ordinary users can read the file with the password
   5  Windows did not import the PFX: a wrong password or an unknown encryption
   6  the private key is missing or can be exported
   7  not exactly one certificate has the text that the client searches for
   8  Windows does not trust the chain, or the certificate is not valid today; the earlier certificate was kept
  10  with -Check: not in place

.PARAMETER PasswordFile
A file with the password of the PFX in its first line. Only administrators, SYSTEM and this computer's account may read
it. Without this parameter, password.txt in the folder of this script is used. Without that file the script asks.

.PARAMETER LogFile
By default C:\Windows\Logs\CloudStreamTls-install.log. It never contains a password.

.PARAMETER Check
Changes nothing. The exit code shows whether everything is in place (for detection in Intune and SCCM).

.PARAMETER AllowReadableFile
Use the password file even if ordinary users can read it.
#>
[CmdletBinding()]
param(
    [string]$PasswordFile = '',
    [string]$LogFile = "$env:WINDIR\Logs\CloudStreamTls-install.log",
    [switch]$Check,
    [switch]$AllowReadableFile
)
$ErrorActionPreference = 'Stop'

# Intune and SCCM start a 32-bit PowerShell, which sees another registry. So the 64-bit one is started.
if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) {
    $words = @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', $PSCommandPath, '-LogFile', $LogFile)
    if ($PasswordFile) { $words += @('-PasswordFile', $PasswordFile) }
    if ($Check) { $words += '-Check' }
    if ($AllowReadableFile) { $words += '-AllowReadableFile' }
    & "$env:WINDIR\SysNative\WindowsPowerShell\v1.0\powershell.exe" @words
    exit $LASTEXITCODE
}

$here = Split-Path -Parent $PSCommandPath
$pfx = '@PFX@'
$thumbprint = '@THUMBPRINT@'
$text = '@TEXT@'
$provider = '@PROVIDER@'
# The last certificate that this script installed: it removes no other.
$record = 'HKLM:\SOFTWARE\CloudStreamTls'
$replaced = @(@REPLACED@)
$authorities = @(
@AUTHORITIES@
)

function Write-Log([string]$message) {
    Write-Host $message
    Add-Content -LiteralPath $LogFile -Encoding UTF8 -Value ('{0:yyyy-MM-dd HH:mm:ss} {1}' -f (Get-Date), $message)
}

function Stop-Install([int]$code, [string]$message) {
    Write-Log "Error, exit code ${code}: $message"
    exit $code
}

function Test-InPlace {
    $found = Get-Item "Cert:\LocalMachine\My\$thumbprint" -ErrorAction SilentlyContinue
    return ($null -ne $found) -and $found.HasPrivateKey
}

function Test-ReadableByMany([string]$path) {
    # Everyone, interactive, anonymous and authenticated users, users, guests; users and guests of the domain.
    $many = '^(S-1-1-0|S-1-5-(4|7|11)|S-1-5-32-54[56]|S-1-5-21-.*-51[34])$'
    $read = [Security.AccessControl.FileSystemRights]::ReadData
    foreach ($rule in (Get-Acl -LiteralPath $path).GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])) {
        if ($rule.AccessControlType -eq 'Allow' -and ($rule.FileSystemRights -band $read) -and
            $rule.IdentityReference.Value -match $many) { return $true }
    }
    return $false
}

function Get-PfxPassword {
    $file = $PasswordFile
    $beside = Join-Path $here 'password.txt'
    if (-not $file -and (Test-Path -LiteralPath $beside)) { $file = $beside }
    if ($file) {
        if (-not (Test-Path -LiteralPath $file)) { Stop-Install 3 "$file does not exist." }
        if (-not $AllowReadableFile -and (Test-ReadableByMany $file)) {
            Stop-Install 4 "Ordinary users can read $file. Let only administrators, SYSTEM and this computer read it."
        }
        $line = ([IO.File]::ReadAllText((Convert-Path -LiteralPath $file)) -split "`r?`n")[0]
        if (-not $line) { Stop-Install 3 "The first line of $file is empty." }
        return ConvertTo-SecureString -String $line -AsPlainText -Force
    }
    if (-not [Environment]::UserInteractive) { Stop-Install 3 'There is no -PasswordFile and nobody to ask.' }
    try {
        return Read-Host -AsSecureString "Password of $pfx"
    } catch {
        Stop-Install 3 'There is no -PasswordFile, and this PowerShell cannot ask.'
    }
}

# Provider of the key and whether it can be exported; nothing if .NET is older than 4.6.1.
function Get-KeyFact($certificate) {
    try {
        $key = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
        if ($null -eq $key) {
            $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate)
        }
        if ($key -is [Security.Cryptography.RSACryptoServiceProvider]) {
            $info = $key.CspKeyContainerInfo
            return @{ Provider = $info.ProviderName; Exportable = $info.Exportable }
        }
        $policy = [Security.Cryptography.CngExportPolicies]'AllowExport, AllowPlaintextExport'
        return @{ Provider = $key.Key.Provider.Provider; Exportable = [bool]($key.Key.ExportPolicy -band $policy) }
    } catch {
        Write-Log "Warning: the provider of the key cannot be read: $($_.Exception.Message)"
        return $null
    }
}

try {
    $me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        Write-Host 'Error, exit code 2: start this as an administrator or as SYSTEM.'
        exit 2
    }
    $missing = @($authorities | Where-Object { -not (Test-Path "Cert:\LocalMachine\$($_.Store)\$($_.Thumbprint)") })
    if ($Check) {
        if ($missing.Count -eq 0 -and (Test-InPlace)) {
            Write-Host "OK: certificate $thumbprint is in place."
            exit 0
        }
        Write-Host "Certificate $thumbprint or a CA certificate is not in place."
        exit 10
    }

    foreach ($each in $missing) {
        $file = Join-Path $here $each.File
        Import-Certificate -FilePath $file -CertStoreLocation "Cert:\LocalMachine\$($each.Store)" | Out-Null
        Write-Log "$($each.File) is now in the store $($each.Store) of this PC."
    }
    if (-not (Test-InPlace)) {
        $password = Get-PfxPassword
        try {
            # Without -Exportable, Windows does not let anybody export the private key. The PFX sets its provider.
            Import-PfxCertificate -FilePath (Join-Path $here $pfx) -CertStoreLocation Cert:\LocalMachine\My -Password $password |
                Out-Null
        } catch {
            Stop-Install 5 "$pfx was not imported: $($_.Exception.Message)"
        }
        Write-Log "$pfx is now in the store My of this PC, thumbprint $thumbprint."
    }

    # Windows may have put the CA certificates of the PFX into the same store. They have their own stores.
    foreach ($each in $authorities) {
        $copy = "Cert:\LocalMachine\My\$($each.Thumbprint)"
        if ((Test-Path $copy) -and -not (Get-Item $copy).HasPrivateKey) { Remove-Item $copy }
    }

    if (-not (Test-InPlace)) { Stop-Install 6 'The certificate is installed, but without its private key.' }
    $mine = Get-Item "Cert:\LocalMachine\My\$thumbprint"
    $fact = Get-KeyFact $mine
    if ($null -ne $fact) {
        if ($fact.Exportable) { Stop-Install 6 'The private key can be exported. Remove the certificate and run this again.' }
        if ($fact.Provider -ne $provider) { Write-Log "Warning: the key is kept by $($fact.Provider), not by $provider." }
    }
    $chain = New-Object Security.Cryptography.X509Certificates.X509Chain $true
    $chain.ChainPolicy.RevocationMode = 'NoCheck'
    if (-not $chain.Build($mine)) {
        $reasons = ($chain.ChainStatus | ForEach-Object { $_.StatusInformation.Trim() }) -join ' '
        Stop-Install 8 "Windows does not accept the certificate: $reasons"
    }

    $last = Get-ItemProperty -Path $record -ErrorAction SilentlyContinue
    if ($null -ne $last -and $last.Thumbprint -match '^[0-9A-F]{40}$') { $replaced += $last.Thumbprint }
    foreach ($old in ($replaced | Where-Object { $_ -ne $thumbprint } | Select-Object -Unique)) {
        if (Test-Path "Cert:\LocalMachine\My\$old") {
            Remove-Item "Cert:\LocalMachine\My\$old" -DeleteKey
            Write-Log "The earlier certificate with thumbprint $old was removed with its key."
        }
    }
    if (-not (Test-Path $record)) { New-Item -Path $record | Out-Null }
    Set-ItemProperty -Path $record -Name Thumbprint -Value $thumbprint

    $found = @(Get-ChildItem Cert:\LocalMachine\My | Where-Object {
            $_.Subject.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 -or
            $_.Issuer.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
    if ($found.Count -ne 1) {
        foreach ($each in $found) { Write-Log "  $($each.Thumbprint)  $($each.Subject)  until $($each.NotAfter)" }
        Stop-Install 7 "$($found.Count) certificates have the text '$text'. The client needs exactly one."
    }
    Write-Log "OK: certificate $thumbprint is in place and the only one with the text '$text'."
    exit 0
} catch {
    Stop-Install 1 $_.Exception.Message
}
