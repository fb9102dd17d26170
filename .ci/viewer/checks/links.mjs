export async function checkLinks() {}
