export async function checkLooks() {}
